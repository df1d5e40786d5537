#include "capnode/numerics/instruction_set.hpp"

#include <atomic>
#include <stdexcept>

#include "capnode/numerics/kernels.hpp"

namespace capnode {
namespace kernels {

namespace baseline {
extern const Table table;
}
#if defined(CAPNODE_HAVE_ISA_V3)
namespace v3 {
extern const Table table;
}
#endif
#if defined(CAPNODE_HAVE_ISA_V4)
namespace v4 {
extern const Table table;
}
#endif

namespace {

// Null: not chosen yet. Constant initialisation, so no code runs before main.
std::atomic<const Table*> current{nullptr};

/// Every table of this build that this machine can run, baseline first.
std::vector<const Table*> runnable() {
    std::vector<const Table*> tables{&baseline::table};
#if defined(CAPNODE_HAVE_ISA_V3)
    const bool has_v3 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                        __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
    if (has_v3) tables.push_back(&v3::table);
#endif
#if defined(CAPNODE_HAVE_ISA_V4)
    if (has_v3 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512vl")) {
        tables.push_back(&v4::table);
    }
#endif
    return tables;
}

}  // namespace

const Table& table() {
    const Table* chosen = current.load(std::memory_order_acquire);
    if (chosen == nullptr) {
        chosen = runnable().back();  // the same for every thread that gets here first
        current.store(chosen, std::memory_order_release);
    }
    return *chosen;
}

}  // namespace kernels

std::vector<std::string> available_instruction_sets() {
    std::vector<std::string> names;
    for (const kernels::Table* t : kernels::runnable()) names.emplace_back(t->name);
    return names;
}

std::string instruction_set() { return kernels::table().name; }

void use_instruction_set(const std::string& name) {
    const std::vector<const kernels::Table*> tables = kernels::runnable();
    std::string known;
    for (const kernels::Table* t : tables) {
        if (name == t->name || (name.empty() && t == tables.back())) {
            kernels::current.store(t, std::memory_order_release);
            return;
        }
        known += (known.empty() ? "" : ", ") + std::string(t->name);
    }
    throw std::invalid_argument("instruction set '" + name + "' is not available here: " + known);
}

}  // namespace capnode
