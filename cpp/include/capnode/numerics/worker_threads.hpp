// Work on several threads: each under a float environment of its own, and no exception lost.
//
// The calling thread takes a part itself; it alone asks `interrupted` (which may look at Python's signals). What is
// thrown anywhere, by the work or by `interrupted`, stops the others at their next look and is thrown again on the
// calling thread after all have ended; of several, that of the lowest part. Where no more threads are to be had, the
// calling one does their parts too.
#pragma once

#include <cstddef>
#include <functional>

namespace capnode {

/// True: come to an end soon. May throw on the calling thread, where `interrupted` does.
using Stop = std::function<bool()>;

/// work(0, stop), ..., work(shares - 1, stop), each on a thread of its own, 0 on the calling one. `interrupted` may be
/// empty; else it is asked wherever the calling thread looks at its `stop`, and about every 2 ms while it waits.
void in_shares(std::size_t shares, const Stop& interrupted,
               const std::function<void(std::size_t share, const Stop& stop)>& work);

/// work(0), ..., work(count - 1), on up to `threads` threads, which take them as they come; the calling one takes 0. No
/// further one is begun after one has thrown.
void on_threads(std::size_t threads, std::size_t count, const std::function<void(std::size_t)>& work);

}  // namespace capnode
