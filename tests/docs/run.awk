# run.awk: takes a document apart. Writes its shell blocks, in order, into `script`, and its files (<!-- file: NAME --> before a block) beside it, below `folder`.
#   ```sh                          run, all of a document in one shell that ends at the first failure
#   <!-- needs: PROGRAM -->        the next block runs only where the program is; else it is said loudly
#   <!-- prints: FILE -->          the next block is no command: it is what FILE, which a command before it wrote, must hold
#   <!-- not run: WHY -->          the next block is left alone
# A block of another language without a file, and a block without a language, is a mistake: nothing in a document goes untested by chance. ```text is prose.
function fail(what) { print FILENAME ":" FNR ": " what > "/dev/stderr"; failed = 1; exit 1 }
function quoted(text) { gsub(/'/, "'\\''", text); return "'" text "'" }
BEGIN { print "set -eu" > script }
!in_block && /^<!-- (file|needs|not run|prints): .* -->$/ {
  text = $0
  sub(/^<!-- /, "", text)
  sub(/ -->$/, "", text)
  key = text
  sub(/: .*/, "", key)
  sub(/^[^:]*: /, "", text)
  mark[key] = text
  next
}
!in_block && /^```/ {
  language = substr($0, 4)
  in_block = 1
  target = ""
  if (language == "text" && !("prints" in mark)) { kind = "prose"; next }
  if ("not run" in mark) { kind = "prose"; skipped++; print "left alone: " FILENAME ":" FNR ": " mark["not run"]; next }
  if ("file" in mark) { kind = "file"; target = folder "/" mark["file"]; printf "" > target; next }
  if ("prints" in mark) { kind = "file"; target = folder "/.expected"; printf "" > target; printed = mark["prints"]; next }
  if (language != "sh") fail("a block of '" language "' without a file, so that nobody runs it")
  kind = "sh"
  count++
  if ("needs" in mark) {
    needed = mark["needs"]
    printf "if ! needs %s; then echo %s; else\n", quoted(needed), quoted("SKIPPED: " FILENAME ":" FNR ": " needed " is not there") > script
  } else needed = ""
  printf "at %s\n", quoted(FILENAME ":" FNR) > script
  next
}
in_block && /^```$/ {
  if (kind == "sh") print (needed == "" ? ":" : "fi") > script
  if (kind == "file") close(target)
  if (kind == "file" && "prints" in mark) {
    expected = "expected" ++expected_count
    system("mv '" folder "/.expected' '" folder "/." expected "'")
    printf "prints %s %s\n", quoted(printed), quoted("." expected) > script
  }
  in_block = 0
  split("", mark)
  next
}
in_block {
  if (kind == "sh") print > script
  if (kind == "file") print > target
  next
}
/[^ \t]/ { split("", mark) }
END {
  if (failed) exit 1
  if (in_block) fail("a block without an end")
  if (count + expected_count == 0 && skipped == 0) fail("no block was found")
}
