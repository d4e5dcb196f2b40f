# constants.awk: the numbers of firn.h by name, a line each: a code or a flag never gets another value. The version is not one of them.
/^#define FIRN_[A-Z0-9_]+ / && $3 ~ /^\(?-?[0-9]/ && $2 !~ /^FIRN_VERSION_/ {
  value = $3
  gsub(/[()]/, "", value)
  print $2, value
}
