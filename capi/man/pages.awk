# pages.awk: manual pages of section 3 out of firn.h, so that nothing is said twice. awk -v version=0.1.0 -v folder=OUT -f pages.awk firn.h
#   firn.3            the conventions (the comment that the header begins with) and a list of the groups
#   firn_<group>.3    a group of the header (/* ---- Title --- */): its comments as paragraphs, its declarations as they are
#   <function>.3      one line that names the page of its group
# The header's form is the contract: a comment that begins a line is text; all else is code.

function fail(what) { print "pages.awk: " FILENAME ":" FNR ": " what > "/dev/stderr"; failed = 1; exit 1 }
function escaped(text) {
  gsub(/\\/, "\\e", text)
  gsub(/-/, "\\-", text)
  if (text ~ /^[.']/) text = "\\&" text
  return text
}
# "Operate: checkpoint and backup" -> firn_operate_checkpoint_and_backup, up to the first sentence.
function name_of(title) {
  sub(/^[ \t]+/, "", title)
  title = tolower(title)
  sub(/:  *`.*$/, "", title)
  sub(/^for dlopen.*$/, "dlopen", title)
  sub(/^codes:.*$/, "codes", title)
  sub(/^many at once.*$/, "batches", title)
  sub(/^writes that depend.*$/, "conditional", title)
  sub(/^keys and values.*$/, "keys", title)
  sub(/^open and close.*$/, "open and close", title)
  sub(/^the durable log.*$/, "log", title)
  gsub(/[^a-z]+/, "_", title)
  sub(/_$/, "", title)
  # No function and no other group has the name.
  return "firn_" title "_api"
}
function begin_page(title) {
  end_page()
  group_count++
  name = name_of(title)
  titles[group_count] = title
  names[group_count] = name
  body = ""
  synopsis = ""
  functions = ""
}
function end_page(    file, word, words, i) {
  if (name == "") return
  file = folder "/" name ".3"
  printf ".TH %s 3 \"\" \"Firn %s\" \"Firn\"\n.SH NAME\n", toupper(name), version > file
  printf "%s \\- %s\n", name (functions == "" ? "" : functions), escaped(titles[group_count]) > file
  printf ".SH SYNOPSIS\n.nf\n.B #include <firn.h>\n.PP\n%s.fi\n.SH DESCRIPTION\n%s", synopsis, body > file
  printf ".SH SEE ALSO\n.BR firn (3),\n.BR firn (1)\n" > file
  close(file)
  words = split(functions, word, /, /)
  for (i = 2; i <= words; i++) {
    file = folder "/" word[i] ".3"
    printf ".so man3/%s.3\n", name > file
    close(file)
  }
}
function text_line(line) {
  sub(/^[ \t]*\/?\*+ ?/, "", line)
  sub(/[ \t]*\*\/[ \t]*$/, "", line)
  return line
}
function end_code() {
  if (in_code) body = body ".fi\n.RE\n"
  in_code = 0
}
function code_line(line) {
  if (!in_code) body = body ".PP\n.RS 4\n.nf\n"
  in_code = 1
  body = body escaped(line) "\n"
}
# A prototype, maybe over several lines: its function is named, and it goes into the synopsis.
function prototype_line(line) {
  prototype = prototype line
  if (line !~ /;/) { prototype = prototype "\n"; return }
  sub(/;[ \t]*\/\*.*$/, ";", prototype)
  match(prototype, /firn_[a-z0-9_]+\(/)
  if (RSTART == 0) fail("no function in: " prototype)
  functions = functions ", " substr(prototype, RSTART, RLENGTH - 1)
  function_count++
  sub(/^FIRN_API /, "", prototype)
  synopsis = synopsis escaped(prototype) "\n"
  prototype = ""
}

FNR == 1 { state = "conventions"; conventions = "" }
state == "conventions" {
  if ($0 ~ /\*\/[ \t]*$/) { state = "preamble"; next }
  line = $0
  sub(/^\/\*/, "", line)
  sub(/^ \* ?/, "", line)
  if (line ~ /^firn\.h - /) next
  if (line == "CONVENTIONS" || line == "") { conventions = conventions ".PP\n"; next }
  if (match(line, /^[A-Z][A-Za-z ]*: +/)) {
    conventions = conventions ".TP\n.B " substr(line, 1, RLENGTH) "\n"
    line = substr(line, RLENGTH + 1)
  }
  sub(/^[ \t]+/, "", line)
  conventions = conventions escaped(line) "\n"
  next
}
/^\/\* ---- .* -*\*\/$/ || /^\/\* ---- / {
  title = $0
  sub(/^\/\* ---- /, "", title)
  sub(/[ -]*\*\/$/, "", title)
  end_code()
  begin_page(title)
  state = "group"
  next
}
state != "group" { next }
/^#ifdef __cplusplus/ { end_code(); state = "end"; next }
in_comment {
  body = body escaped(text_line($0)) "\n"
  if ($0 ~ /\*\//) in_comment = 0
  next
}
/^\/\*/ {
  end_code()
  body = body ".PP\n" escaped(text_line($0)) "\n"
  if ($0 !~ /\*\//) in_comment = 1
  next
}
/^[ \t]*$/ { if (in_code) body = body "\n"; next }
{
  code_line($0)
  if ($0 ~ /^FIRN_API / || prototype != "") prototype_line($0)
}
END {
  if (failed) exit 1
  end_page()
  if (group_count == 0 || function_count == 0) fail("no groups or no functions: has the form of the header changed?")
  file = folder "/firn.3"
  printf ".TH FIRN 3 \"\" \"Firn %s\" \"Firn\"\n.SH NAME\nfirn \\- an embedded storage engine: the C API\n", version > file
  printf ".SH SYNOPSIS\n.nf\n.B #include <firn.h>\n.PP\ncc program.c $(pkg\\-config \\-\\-cflags \\-\\-libs firn)\n.fi\n.SH DESCRIPTION\n%s.SH GROUPS\n", conventions > file
  for (i = 1; i <= group_count; i++) printf ".TP\n.BR %s (3)\n%s\n", names[i], escaped(titles[i]) > file
  printf ".SH SEE ALSO\n.BR firn (1)\n" > file
  close(file)
}
