// Which build of the kernels runs: "baseline" (x86-64), "v3" (AVX2, FMA) or "v4" (AVX-512), the best of the machine.
#pragma once

#include <string>
#include <vector>

namespace capnode {

/// What this build has and this machine can run, baseline first.
std::vector<std::string> available_instruction_sets();
/// The one in use.
std::string instruction_set();
/// Uses another one from now on, in all threads (tests, comparisons); "" goes back to the best.
/// std::invalid_argument for one that is not available.
void use_instruction_set(const std::string& name);

}  // namespace capnode
