// A field lowered to the few operations whose Taylor coefficients in time, and whose residuals, the flow knows.
//
// The program is autonomous: its state is z = (x, p, t), the parameters as rows with p' = 0 and time as a row with
// t' = 1 (present where the field has them). One mechanism then carries uncertain parameters and a rounded time: they
// are part of the set of initial points, and their sensitivities are ordinary tangent columns.
//
// Every register is a vector of rows. Elementwise functions become differential equations along a series V(t):
//     integral   U' = W V', U(0) = f(V(0)), where the register W holds f'(V) as a series:
//                tanh: W = 1 - U U     sigmoid: W = U - U U     exp: W = U        (W stands after U)
//                sin:  W = cos, cos: W = -sin                                     (a pair)
//                log:  W = 1/V         atan: W = 1/(1 + V V)    erf: W = 2/sqrt(pi) exp(-V V)   softplus: W = sigmoid
//     reciprocal U V = 1, square root U U = V: algebraic recurrences.
// Other functions of the closed list are compositions: silu = v sigmoid(v), gelu, mish, powers. Order k of U needs W
// only below order k, so the coefficients of all registers come out in one sweep an order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "capnode/field/field.hpp"
#include "capnode/flow/weight_facts.hpp"
#include "capnode/numerics/ball.hpp"
#include "capnode/numerics/matrix.hpp"

namespace capnode {

using Register = std::uint32_t;
inline constexpr Register no_register = 0xffffffffu;

enum class Primitive : std::uint8_t {
    state,       // z
    constant,    // fixed numbers, with radii
    affine,      // weight a + bias
    scale,       // factor a + offset, entrywise, one factor and one offset for all rows
    add,         // a + b
    subtract,    // a - b
    gather,      // rows `indices` of a
    concat,      // the parts one after another
    multiply,    // a b entrywise
    integral,    // f(a): U' = W a', W the register `derivative`
    reciprocal,  // 1 / a
    square_root  // sqrt(a)
};

struct Instruction {
    Primitive primitive = Primitive::state;
    Register out = 0;
    Register a = no_register;
    Register b = no_register;
    Register derivative = no_register;  // integral, reciprocal, square_root: a register with f'(a), for tangents always
    std::vector<Register> parts{};      // concat
    std::vector<std::uint32_t> indices{};
    Function function{};
    Ball factor{1.0, 0.0};
    Ball offset{0.0, 0.0};
    std::shared_ptr<const Tensor> weight{};      // affine; constant: size x 1
    std::shared_ptr<const WeightFacts> facts{};  // affine
    std::shared_ptr<const Tensor> bias{};        // affine: size x 1, or null
    bool on_path = false;  // the output depends on the state through it, not only as a derivative: it carries tangents
};

struct TaylorProgram {
    std::size_t dim = 0;  // of the field
    std::size_t parameter_dim = 0;
    bool has_time_row = false;
    std::size_t rows() const { return dim + parameter_dim + (has_time_row ? 1 : 0); }

    std::vector<Instruction> instructions;  // in order of evaluation, one register each
    std::vector<std::size_t> size;          // of each register
    std::vector<std::size_t> offset;        // first row of each register in a common array
    std::size_t total_rows = 0;
    Register output = 0;  // z', of rows() rows
};

/// Lowers a field. Throws std::invalid_argument where an operation has no Taylor recurrence here (none of the closed
/// list). `time_row`: with a row for time even where the field does not depend on it.
TaylorProgram taylor_program(const Field& field, bool time_row = false);

/// The same program, lowered once for a field and kept with it, together with the facts about its weights.
std::shared_ptr<const TaylorProgram> shared_program(const Field& field, bool time_row = false);

}  // namespace capnode
