// The table of the loops of one instruction set.
#include "capnode/flow/step_kernels.hpp"
#include "loops.hpp"

namespace capnode {
namespace CAPNODE_ISA {

extern const StepKernels step_table;
const StepKernels step_table = {.convolve = convolve,
                                .integrate = integrate,
                                .reciprocal = reciprocal,
                                .square_root = square_root,
                                .scale = scale,
                                .sum = sum,
                                .dot = dot,
                                .symmetric_part = symmetric_part,
                                .product = product,
                                .suffix_norms = suffix_norms,
                                .tail = tail,
                                .convolve_tangent = convolve_tangent,
                                .tangent_bound = tangent_bound,
                                .tangent_factor = tangent_factor,
                                .norm = norm,
                                .integrated_defect = integrated_defect,
                                .horner = horner,
                                .horner_tail = horner_tail,
                                .advance = advance,
                                .gronwall = gronwall,
                                .sloped_radius = sloped_radius,
                                .product_radius = product_radius,
                                .jacobian_factor = jacobian_factor};

}  // namespace CAPNODE_ISA
}  // namespace capnode
