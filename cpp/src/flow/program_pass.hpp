// The walk over the operations of a Taylor program, at one place for all that is computed along it: series, radii,
// tangents, their radii, ranges of the Jacobian.
//
// A pass has one member for each way in which an operation acts, with the instruction i as the argument:
//     affine(i), scale(i)
//     arrange(i)        gather and concat: rows of other registers in a new order (blocks_of tells which)
//     values:           state(i), constant(i), sum(i, sign): a + sign b, multiply(i), function(i)
//     tangents:         state(i), sum(i, sign, a, b), a or b no_register where it carries none,
//                       factor(i, w, d, add): (+)= diag(w) d, the chain rule of products and of functions
#pragma once

#include <algorithm>
#include <cstddef>

#include "capnode/flow/taylor_program.hpp"

namespace capnode {

template <class Pass>
void visit(const Instruction& i, Pass& pass) {
    switch (i.primitive) {
        case Primitive::state:
            return pass.state(i);
        case Primitive::constant:
            return pass.constant(i);
        case Primitive::affine:
            return pass.affine(i);
        case Primitive::scale:
            return pass.scale(i);
        case Primitive::add:
            return pass.sum(i, 1.0);
        case Primitive::subtract:
            return pass.sum(i, -1.0);
        case Primitive::gather:
        case Primitive::concat:
            return pass.arrange(i);
        case Primitive::multiply:
            return pass.multiply(i);
        case Primitive::integral:
        case Primitive::reciprocal:
        case Primitive::square_root:
            return pass.function(i);
    }
}

/// Tells `block(from, first, to, count)`: rows first ... first + count - 1 of register `from` are the rows from `to`
/// on.
template <class Block>
void blocks_of(const TaylorProgram& program, const Instruction& i, Block block) {
    if (i.primitive == Primitive::gather) {
        for (std::size_t r = 0; r < i.indices.size(); ++r) block(i.a, std::size_t{i.indices[r]}, r, std::size_t{1});
        return;
    }
    std::size_t row = 0;
    for (const Register part : i.parts) {
        block(part, std::size_t{0}, row, program.size[part]);
        row += program.size[part];
    }
}

/// Gather and concat of tangents to `out`: rows of `width` doubles, those of a register at at(register); zero off the
/// path.
template <class At>
void arrange_tangents(const TaylorProgram& program, const Instruction& i, std::size_t width, double* out, At at) {
    blocks_of(program, i, [&](Register from, std::size_t first, std::size_t to, std::size_t count) {
        if (program.instructions[from].on_path) {
            std::copy_n(at(from) + first * width, count * width, out + to * width);
        } else {
            std::fill_n(out + to * width, count * width, 0.0);
        }
    });
}

/// The derivative of a program by the state, operation by operation: only registers on the path carry tangents.
template <class Pass>
class ChainRule {
  public:
    ChainRule(const TaylorProgram& program, Pass& pass) : program_(program), pass_(pass) {}

    void run() {
        for (const Instruction& i : program_.instructions) {
            if (i.on_path) visit(i, *this);
        }
    }

    void state(const Instruction& i) { pass_.state(i); }
    void constant(const Instruction&) {}
    void affine(const Instruction& i) { pass_.affine(i); }
    void scale(const Instruction& i) { pass_.scale(i); }
    void arrange(const Instruction& i) { pass_.arrange(i); }
    void sum(const Instruction& i, double sign) {
        pass_.sum(i, sign, path(i.a) ? i.a : no_register, path(i.b) ? i.b : no_register);
    }
    void multiply(const Instruction& i) {
        if (path(i.b)) pass_.factor(i, i.a, i.b, false);
        if (path(i.a)) pass_.factor(i, i.b, i.a, path(i.b));
    }
    void function(const Instruction& i) { pass_.factor(i, i.derivative, i.a, false); }

  private:
    bool path(Register r) const { return program_.instructions[r].on_path; }

    const TaylorProgram& program_;
    Pass& pass_;
};

template <class Pass>
void differentiate(const TaylorProgram& program, Pass& pass) {
    ChainRule<Pass>(program, pass).run();
}

}  // namespace capnode
