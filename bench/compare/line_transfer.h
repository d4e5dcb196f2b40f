// How long a line of the cache takes from one processor to another. A host may run a virtual machine's processors near to each other or apart: rows of several threads that
// write differ by two times for that, and rows of one thread show nothing of it.
#pragma once

namespace bench {

// One way, in ns, between the first two processors that the process may use; 0: it has one only, or may not choose. For a moment in which nothing else runs; takes a few milliseconds.
double line_transfer_ns();

}  // namespace bench
