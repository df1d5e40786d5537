// Independent starts shared out to threads: in blocks, where groups of lanes take them as they come; like cards, where
// each is work of its own, as wide sets lie together. Results do not depend on the number of threads.
#pragma once

#include <algorithm>
#include <cstddef>
#include <thread>
#include <utility>
#include <vector>

#include "capnode/flow/flow.hpp"
#include "capnode/numerics/worker_threads.hpp"

namespace capnode {

/// The threads asked for, all of the machine's where that is 0.
inline std::size_t threads_of(std::size_t threads) {
    return threads != 0 ? threads : std::max(1U, std::thread::hardware_concurrency());
}
inline std::size_t threads_of(const FlowOptions& options) { return threads_of(options.threads); }

/// One thread, asked to stop by `stop`; the calling thread, share 0, alone reports its progress.
inline FlowOptions options_of_share(const FlowOptions& options, std::size_t share, const Stop& stop) {
    FlowOptions own = options;
    own.threads = 1;
    own.interrupted = stop;
    if (share != 0) own.progress = nullptr;
    return own;
}

/// work(first, stride, own) for starts first, first + stride, ... of `count`, once on each thread; own: the options for
/// it.
template <class Work>
void deal_out(std::size_t count, const FlowOptions& options, Work work) {
    const std::size_t threads = std::max<std::size_t>(1, std::min(threads_of(options), count));
    if (threads == 1) {
        FlowOptions own = options;
        own.threads = 1;
        work(std::size_t{0}, std::size_t{1}, own);
        return;
    }
    in_shares(threads, options.interrupted,
              [&](std::size_t t, const Stop& stop) { work(t, threads, options_of_share(options, t, stop)); });
}

/// The results of work(from, to, own) for consecutive blocks, a thread each, in order.
template <class Result, class Work>
std::vector<Result> in_blocks(std::size_t count, std::size_t threads, const FlowOptions& options, Work work) {
    std::vector<std::vector<Result>> blocks(threads);
    in_shares(threads, options.interrupted, [&](std::size_t t, const Stop& stop) {
        const FlowOptions own = options_of_share(options, t, stop);
        blocks[t] = work(static_cast<std::ptrdiff_t>(count * t / threads),
                         static_cast<std::ptrdiff_t>(count * (t + 1) / threads), own);
    });
    std::vector<Result> results;
    results.reserve(count);
    for (std::vector<Result>& block : blocks) {
        for (Result& r : block) results.push_back(std::move(r));
    }
    return results;
}

}  // namespace capnode
