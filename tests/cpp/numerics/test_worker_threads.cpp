// Work on threads: all of it is done once, under a clean environment, and what is thrown anywhere arrives here.
#include "capnode/numerics/worker_threads.hpp"

#include <atomic>
#include <chrono>
#include <new>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "capnode/numerics/float_environment.hpp"
#include "check.hpp"

using namespace capnode;

namespace {

template <class F>
std::string thrown(F f) {
    try {
        f();
    } catch (const std::bad_alloc&) {
        return "bad_alloc";
    } catch (const std::exception& e) {
        return e.what();
    } catch (int) {
        return "an int";
    }
    return "nothing";
}

void wait() { std::this_thread::sleep_for(std::chrono::milliseconds(1)); }

void all_is_done_once() {
    for (const std::size_t threads : {0, 1, 2, 5, 40}) {
        std::vector<std::atomic<int>> times(17);
        on_threads(threads, times.size(), [&](std::size_t i) { ++times[i]; });
        for (const auto& t : times) CHECK(t == 1);
    }
    on_threads(3, 0, [](std::size_t) { CHECK(false); });
    const auto self = std::this_thread::get_id();
    std::atomic<int> at_home{0}, clean{0};
    in_shares(4, {}, [&](std::size_t share, const Stop& stop) {
        if (share == 0 && std::this_thread::get_id() == self) ++at_home;
        if (FloatEnvironment::is_clean() && !stop()) ++clean;
    });
    CHECK(at_home == 1 && clean == 4);
    in_shares(0, {}, [](std::size_t, const Stop&) { CHECK(false); });
}

void work_that_throws() {
    for (const std::size_t threads : {1, 2, 4}) {
        for (const std::size_t bad : {0, 1, 3}) {
            std::atomic<int> begun{0};
            CHECK(thrown([&] {
                      on_threads(threads, 10000, [&](std::size_t i) {
                          ++begun;
                          if (i == bad) throw std::bad_alloc();
                          wait();
                      });
                  }) == "bad_alloc");
            CHECK(begun < 100);  // the others took no more
        }
    }
    // Each share waits for the word to stop: without it this would not end.
    for (std::size_t bad = 0; bad < 3; ++bad) {
        CHECK(thrown([&] {
                  in_shares(3, {}, [&](std::size_t share, const Stop& stop) {
                      if (share == bad) throw static_cast<int>(share);
                      while (!stop()) wait();
                  });
              }) == "an int");
    }
    // Of several the lowest.
    CHECK(thrown([] {
              in_shares(4, {}, [](std::size_t share, const Stop& stop) {
                  while (share < 3 && !stop()) wait();
                  throw std::runtime_error(std::to_string(share));
              });
          }) == "0");
}

void interrupted() {
    const auto self = std::this_thread::get_id();
    std::atomic<int> asked{0};
    std::atomic<bool> elsewhere{false};
    const Stop third = [&] {
        if (std::this_thread::get_id() != self) elsewhere = true;
        return ++asked >= 3;
    };
    const auto until_told = [](std::size_t, const Stop& stop) {
        while (!stop()) wait();
    };
    in_shares(3, third, until_told);
    CHECK(asked == 3 && !elsewhere);  // never again after it said so
    // Also where the calling thread has nothing left to do but wait.
    asked = 0;
    in_shares(3, third, [](std::size_t share, const Stop& stop) {
        while (share != 0 && !stop()) wait();
    });
    CHECK(asked == 3 && !elsewhere);

    const Stop throws = [&]() -> bool {
        if (++asked >= 3) throw std::runtime_error("from the callback");
        return false;
    };
    for (const bool waiting : {false, true}) {
        asked = 0;
        CHECK(thrown([&] {
                  in_shares(3, throws, [&](std::size_t share, const Stop& stop) {
                      while ((share != 0 || !waiting) && !stop()) wait();
                  });
              }) == "from the callback");
        CHECK(asked == 3);
    }
    asked = 0;
    CHECK(thrown([&] { in_shares(1, throws, until_told); }) == "from the callback");
}

}  // namespace

int main() {
    all_is_done_once();
    work_that_throws();
    interrupted();
    return check::report();
}
