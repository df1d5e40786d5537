#include "capnode/flow/tangent_tile.hpp"

#include <algorithm>
#include <atomic>
#include <exception>
#include <system_error>
#include <thread>

#include "capnode/numerics/float_environment.hpp"

namespace capnode {

std::vector<TangentTile> tangent_tiles(std::size_t columns) {
    const std::size_t count = columns < 200 ? 1 : 2 * ((columns + 255) / 256);
    std::vector<TangentTile> tiles(count);
    for (std::size_t t = 0; t < count; ++t) {
        tiles[t].first = columns * t / count;
        tiles[t].columns = columns * (t + 1) / count - tiles[t].first;
    }
    return tiles;
}

void on_threads(std::size_t threads, std::size_t count, const std::function<void(std::size_t)>& work) {
    threads = std::min(threads, count);
    if (threads <= 1) {
        for (std::size_t i = 0; i < count; ++i) work(i);
        return;
    }
    std::atomic<std::size_t> next{1};
    std::vector<std::exception_ptr> errors(threads);
    const auto run = [&](std::size_t thread) {
        const FloatEnvironment guard;
        try {
            for (std::size_t i = thread == 0 ? 0 : next++; i < count; i = next++) work(i);
        } catch (...) {
            errors[thread] = std::current_exception();
        }
    };
    std::vector<std::thread> workers;
    for (std::size_t t = 1; t < threads; ++t) {
        try {
            workers.emplace_back(run, t);
        } catch (const std::system_error&) {
            break;  // no more threads to be had: the others take its share
        }
    }
    run(0);
    for (std::thread& worker : workers) worker.join();
    for (const std::exception_ptr& error : errors) {
        if (error) std::rethrow_exception(error);
    }
}

}  // namespace capnode
