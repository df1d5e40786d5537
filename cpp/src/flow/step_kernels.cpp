#include "capnode/flow/step_kernels.hpp"

#include "capnode/numerics/instruction_set.hpp"

namespace capnode {

namespace baseline {
extern const StepKernels step_table;
}
#if CAPNODE_HAVE_ISA_V3
namespace v3 {
extern const StepKernels step_table;
}
#endif
#if CAPNODE_HAVE_ISA_V4
namespace v4 {
extern const StepKernels step_table;
}
#endif

const StepKernels& step_kernels() {
    const std::string isa = instruction_set();
#if CAPNODE_HAVE_ISA_V4
    if (isa == "v4") return v4::step_table;
#endif
#if CAPNODE_HAVE_ISA_V3
    if (isa == "v3") return v3::step_table;
#endif
    return baseline::step_table;
}

}  // namespace capnode
