// Schedule points: places at which another thread may come between. Nothing, but in the copies of a few sources that tests/schedule compiles with
// FIRN_SCHEDULE_POINTS: there a scheduler decides at each of them which thread goes on. Only in .cc files: an inline function is compiled once for all.
// Threading: any thread, with any lock held.
#pragma once

#if defined(FIRN_SCHEDULE_POINTS)
extern "C" void firn_schedule_point(const char* name);
#define FIRN_SCHEDULE_POINT(name) ::firn_schedule_point(name)
#else
#define FIRN_SCHEDULE_POINT(name) static_cast<void>(0)
#endif
