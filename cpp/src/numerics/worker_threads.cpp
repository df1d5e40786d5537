#include "capnode/numerics/worker_threads.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "capnode/numerics/float_environment.hpp"

namespace capnode {

void in_shares(std::size_t shares, const Stop& interrupted,
               const std::function<void(std::size_t share, const Stop& stop)>& work) {
    std::atomic<bool> stopped{false};
    const Stop told = [&] { return stopped.load(); };
    const Stop asked = [&] {
        if (!stopped && interrupted && interrupted()) stopped = true;
        return stopped.load();
    };
    if (shares <= 1) {
        if (shares == 1) work(0, asked);
        return;
    }
    std::vector<std::exception_ptr> errors(shares + 1);  // the last: of `interrupted`, while waiting
    std::vector<std::thread> workers;
    workers.reserve(shares - 1);
    std::mutex mutex;
    std::condition_variable ended;
    std::size_t running = 0;

    // From here on nothing may be thrown before all threads are joined.
    const auto keep = [&](std::size_t k, const auto& act) noexcept {
        try {
            act();
        } catch (...) {
            errors[k] = std::current_exception();
            stopped = true;
        }
    };
    const auto run = [&](std::size_t share, const Stop& stop) noexcept {
        const FloatEnvironment guard;
        keep(share, [&] { work(share, stop); });
    };
    const auto count = [&](std::size_t change) noexcept {
        const std::scoped_lock lock(mutex);
        running += change;
        ended.notify_one();
    };
    for (std::size_t share = 1; share < shares; ++share) {
        count(1);
        try {
            workers.emplace_back([&, share]() noexcept {
                run(share, told);
                count(std::size_t(-1));
            });
        } catch (...) {  // no more threads, or no memory for one
            count(std::size_t(-1));
            run(share, asked);
        }
    }
    run(0, asked);
    if (interrupted) {
        keep(shares, [&] {
            std::unique_lock lock(mutex);
            while (!ended.wait_for(lock, std::chrono::milliseconds(2), [&] { return running == 0; })) {
                lock.unlock();
                asked();
                lock.lock();
            }
        });
    }
    for (std::thread& worker : workers) worker.join();
    for (const std::exception_ptr& error : errors) {
        if (error) std::rethrow_exception(error);
    }
}

void on_threads(std::size_t threads, std::size_t count, const std::function<void(std::size_t)>& work) {
    threads = std::min(threads, count);
    if (threads <= 1) {
        for (std::size_t i = 0; i < count; ++i) work(i);
        return;
    }
    std::atomic<std::size_t> next{1};
    in_shares(threads, {}, [&](std::size_t share, const Stop& stop) {
        for (std::size_t i = share == 0 ? 0 : next++; i < count && !stop(); i = next++) work(i);
    });
}

}  // namespace capnode
