# steps.sh: for the test.sh of a binding, which sources it: steps that go on after a failure, so that one run tells everything, and say at the end what failed.
# `binding` is the name of the binding.
failed=
step() {
  name=$1
  shift
  printf '== %s: %s\n' "$binding" "$name"
  "$@" || failed="$failed, $name"
}
conclude() {
  [ -z "$failed" ] || { echo "$binding: failed:${failed#,}"; exit 1; }
  echo "$binding: all passed"
}
