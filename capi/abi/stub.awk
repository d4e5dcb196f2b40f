# stub.awk: a C file that defines every function of firn.h with no body to speak of, so that a compiler writes down their types: what abidiff compares. That the real library
# exports exactly these functions is what tests/consumers looks at.
BEGIN { print "#include \"firn.h\"" }
/^FIRN_API / || prototype != "" {
  line = $0
  sub(/[ \t]*\/\*.*$/, "", line)
  prototype = prototype line "\n"
  if (line !~ /;[ \t]*$/) next
  sub(/;[ \t\n]*$/, " { __builtin_trap(); }", prototype)
  print prototype
  prototype = ""
}
