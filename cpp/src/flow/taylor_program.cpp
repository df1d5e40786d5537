#include "capnode/flow/taylor_program.hpp"

#include <cmath>
#include <numeric>
#include <stdexcept>
#include <string>

#include "capnode/numerics/interval.hpp"

namespace capnode {
namespace {

// Builds the instructions one register at a time; the mathematics of each composition stands where it is used.
class Lowering {
  public:
    // `owning`: the program keeps the field alive; otherwise the field the program.
    Lowering(const Field& field, bool time_row, bool owning) : field_(std::make_shared<Field>(field)), owning_(owning) {
        program_.dim = field.dim();
        program_.parameter_dim = field.parameter_dim();
        program_.has_time_row = time_row || field.depends_on_time();
    }

    TaylorProgram run() {
        const Register state = emit({.primitive = Primitive::state}, program_.rows());
        std::vector<Register> values;
        for (const Node& node : field_->nodes()) values.push_back(lower(node, values, state));
        program_.output = pad(values[field_->output()]);
        mark_path();
        lay_out();
        return std::move(program_);
    }

  private:
    Register emit(Instruction instruction, std::size_t size) {
        instruction.out = static_cast<Register>(program_.size.size());
        program_.size.push_back(size);
        program_.instructions.push_back(std::move(instruction));
        return program_.instructions.back().out;
    }
    Instruction& at(Register r) { return program_.instructions[r]; }
    std::size_t size(Register r) const { return program_.size[r]; }

    Register unary(Primitive primitive, Register a) { return emit({.primitive = primitive, .a = a}, size(a)); }
    Register binary(Primitive primitive, Register a, Register b) {
        return emit({.primitive = primitive, .a = a, .b = b}, size(a));
    }
    Register scale(Register a, Ball factor, Ball offset = {}) {
        return emit({.primitive = Primitive::scale, .a = a, .factor = factor, .offset = offset}, size(a));
    }
    Register multiply(Register a, Register b) { return binary(Primitive::multiply, a, b); }
    Register gather(Register a, std::vector<std::uint32_t> indices) {
        const std::size_t n = indices.size();
        return emit({.primitive = Primitive::gather, .a = a, .indices = std::move(indices)}, n);
    }
    Register constant(const std::vector<double>& values) {
        auto tensor = std::make_shared<Tensor>();
        tensor->mid = Matrix(values.size(), 1);
        std::copy(values.begin(), values.end(), tensor->mid.data.begin());
        return emit({.primitive = Primitive::constant, .weight = tensor}, values.size());
    }
    std::shared_ptr<const Tensor> tensor(std::uint32_t index) const {
        if (index == no_tensor) return nullptr;
        const Tensor* tensor = &field_->tensors()[index];
        return owning_ ? std::shared_ptr<const Tensor>(field_, tensor)
                       : std::shared_ptr<const Tensor>(std::shared_ptr<const Tensor>(), tensor);
    }

    // ---- the functions, with U' = f'(V) V' -------------------------------------------------------------------------
    Register integral(Function f, Register v, Register derivative) {
        return emit({.primitive = Primitive::integral, .a = v, .derivative = derivative, .function = f}, size(v));
    }
    Register reciprocal(Register v) {
        const Register u = unary(Primitive::reciprocal, v);
        at(u).derivative = scale(multiply(u, u), {-1.0, 0.0});  // (1/V)' = -U^2
        return u;
    }
    Register square_root(Register v) {
        const Register u = unary(Primitive::square_root, v);
        const Register d = reciprocal(scale(u, {2.0, 0.0}));  // (sqrt V)' = 1/(2 U)
        at(u).derivative = d;
        return u;
    }
    Register tanh(Register v) {
        const Register u = integral(Function::tanh, v, no_register);
        const Register d = scale(multiply(u, u), {-1.0, 0.0}, {1.0, 0.0});  // 1 - U^2
        at(u).derivative = d;
        return u;
    }
    Register sigmoid(Register v) {
        const Register u = integral(Function::sigmoid, v, no_register);
        const Register square = multiply(u, u);
        const Register d = binary(Primitive::subtract, u, square);  // U - U^2
        at(u).derivative = d;
        return u;
    }
    Register exp(Register v) {
        const Register u = integral(Function::exp, v, no_register);
        at(u).derivative = u;
        return u;
    }
    Register sine_or_cosine(Register v, bool sine) {
        // One pair a vector: sin' = cos, cos' = -sin; `derivative` of each refers to the other.
        const Register s = integral(Function::sin, v, no_register);
        const Register c = integral(Function::cos, v, no_register);
        const Register minus_s = scale(s, {-1.0, 0.0});
        at(s).derivative = c;
        at(c).derivative = minus_s;
        at(s).b = c;
        at(c).b = s;
        return sine ? s : c;
    }
    Register erf(Register v) {
        const Register e = exp(scale(multiply(v, v), {-1.0, 0.0}));
        return integral(Function::erf, v, scale(e, two_over_root_pi()));  // 2/sqrt(pi) e^(-V^2)
    }
    Register function(Function f, Register v) {
        switch (f) {
            case Function::tanh:
                return tanh(v);
            case Function::sigmoid:
                return sigmoid(v);
            case Function::exp:
                return exp(v);
            case Function::sin:
                return sine_or_cosine(v, true);
            case Function::cos:
                return sine_or_cosine(v, false);
            case Function::log:
                return integral(f, v, reciprocal(v));
            case Function::atan:
                return integral(f, v, reciprocal(scale(multiply(v, v), {1.0, 0.0}, {1.0, 0.0})));
            case Function::erf:
                return erf(v);
            case Function::softplus:
                return integral(f, v, sigmoid(v));
            case Function::sqrt:
                return square_root(v);
            case Function::reciprocal:
                return reciprocal(v);
            case Function::square:
                return multiply(v, v);
            case Function::silu:
                return multiply(v, sigmoid(v));
            case Function::mish:
                return multiply(v, tanh(integral(Function::softplus, v, sigmoid(v))));
            case Function::gelu: {  // v (1 + erf(v / sqrt 2)) / 2
                const Register phi = scale(erf(scale(v, one_over_root_two())), {0.5, 0.0}, {0.5, 0.0});
                return multiply(v, phi);
            }
            case Function::gelu_tanh: {  // v sigmoid(2 sqrt(2/pi) (v + c v^3))
                const Register cube = multiply(v, multiply(v, v));
                const Register inner = binary(Primitive::add, v, scale(cube, gelu_tanh_cubic()));
                return multiply(v, sigmoid(scale(inner, two_root_two_over_pi())));
            }
        }
        throw std::invalid_argument(std::string("the flow has no recurrence for the function ") + name(f));
    }
    Register power(Register v, int k) {
        if (k < 0) return reciprocal(power(v, -k));
        if (k == 0) return constant(std::vector<double>(size(v), 1.0));
        Register result = no_register;
        Register square = v;
        for (unsigned rest = static_cast<unsigned>(k);; square = multiply(square, square)) {
            if (rest & 1u) result = result == no_register ? square : multiply(result, square);
            if ((rest >>= 1u) == 0) return result;
        }
    }

    // ---- irrational constants, from the verified functions
    // ------------------------------------------------------------
    static Ball two_over_root_pi() { return to_ball(apply_derivative_at_zero(Function::erf)); }
    static Interval apply_derivative_at_zero(Function f) { return derivatives(f, Interval{0.0, 0.0})[1]; }
    static Ball one_over_root_two() { return to_ball(sqrt(Interval{0.5, 0.5})); }
    static Ball two_root_two_over_pi() {  // 2 sqrt(2/pi) = sqrt(2) * (2/sqrt(pi))
        return to_ball(sqrt(Interval{2.0, 2.0}) * apply_derivative_at_zero(Function::erf));
    }
    static Ball gelu_tanh_cubic() {
        return to_ball(Interval{44715.0, 44715.0} / Interval{1e6, 1e6});  // the rational 0.044715
    }

    Register lower(const Node& node, const std::vector<Register>& values, Register state) {
        const auto in = [&](std::size_t i) { return values[node.inputs[i]]; };
        const auto range = [](std::size_t first, std::size_t count) {
            std::vector<std::uint32_t> r(count);
            std::iota(r.begin(), r.end(), static_cast<std::uint32_t>(first));
            return r;
        };
        switch (node.operation) {
            case Operation::state:
                return gather(state, range(0, program_.dim));
            case Operation::parameter:
                return gather(state, range(program_.dim, program_.parameter_dim));
            case Operation::time:
                if (!program_.has_time_row) return constant({0.0});  // read by no path to the output
                return gather(state, range(program_.dim + program_.parameter_dim, 1));
            case Operation::constant:
                return emit({.primitive = Primitive::constant, .weight = tensor(node.weight)}, node.size);
            case Operation::affine:
                return emit({.primitive = Primitive::affine,
                             .a = in(0),
                             .weight = tensor(node.weight),
                             .facts = std::make_shared<WeightFacts>(field_->tensors()[node.weight]),
                             .bias = tensor(node.bias)},
                            node.size);
            case Operation::add:
                return binary(Primitive::add, in(0), in(1));
            case Operation::subtract:
                return binary(Primitive::subtract, in(0), in(1));
            case Operation::multiply:
                return multiply(in(0), in(1));
            case Operation::divide:
                return multiply(in(0), reciprocal(in(1)));
            case Operation::negate:
                return scale(in(0), {-1.0, 0.0});
            case Operation::gather:
                return gather(in(0), node.indices);
            case Operation::concat: {
                std::vector<Register> parts;
                for (std::size_t i = 0; i < node.inputs.size(); ++i) parts.push_back(in(i));
                return emit({.primitive = Primitive::concat, .parts = std::move(parts)}, node.size);
            }
            case Operation::matvec:
                return matvec(in(0), in(1), node.rows, node.cols);
            case Operation::apply:
                return function(node.function, in(0));
            case Operation::power:
                return power(in(0), node.exponent);
        }
        throw std::invalid_argument(std::string("the flow has no recurrence for the operation ") +
                                    name(node.operation));
    }

    // out_i = sum_j A_ij x_j as entrywise products of the columns, added up one column after another.
    Register matvec(Register matrix, Register x, std::size_t rows, std::size_t cols) {
        Register sum = no_register;
        for (std::size_t j = 0; j < cols; ++j) {
            std::vector<std::uint32_t> column(rows);
            for (std::size_t i = 0; i < rows; ++i) column[i] = static_cast<std::uint32_t>(i * cols + j);
            const std::vector<std::uint32_t> entry(rows, static_cast<std::uint32_t>(j));
            const Register term = multiply(gather(matrix, std::move(column)), gather(x, entry));
            sum = sum == no_register ? term : binary(Primitive::add, sum, term);
        }
        return sum;
    }

    Register pad(Register f) {
        if (program_.rows() == program_.dim) return f;
        std::vector<double> rest(program_.parameter_dim, 0.0);  // p' = 0
        if (program_.has_time_row) rest.push_back(1.0);         // t' = 1
        const Register tail = constant(rest);
        return emit({.primitive = Primitive::concat, .parts = {f, tail}}, program_.rows());
    }

    // Tangents run along the inputs a, b, parts, never along `derivative`, whose series enter only as factors.
    void mark_path() {
        std::vector<bool> needed(program_.size.size(), false);
        needed[program_.output] = true;
        for (std::size_t r = program_.size.size(); r-- > 0;) {
            if (!needed[r]) continue;
            const Instruction& i = program_.instructions[r];
            if (i.a != no_register) needed[i.a] = true;
            if (i.b != no_register && i.primitive != Primitive::integral) needed[i.b] = true;
            for (const Register part : i.parts) needed[part] = true;
        }
        std::vector<bool> moves(program_.size.size(), false);
        for (std::size_t r = 0; r < program_.size.size(); ++r) {
            Instruction& i = program_.instructions[r];
            bool m = i.primitive == Primitive::state;
            if (i.a != no_register) m = m || moves[i.a];
            if (i.b != no_register && i.primitive != Primitive::integral) m = m || moves[i.b];
            for (const Register part : i.parts) m = m || moves[part];
            moves[r] = m;
            // The state always: its tangents are the step matrix, also where no path leads from it to the output.
            i.on_path = (m && needed[r]) || i.primitive == Primitive::state;
        }
    }

    void lay_out() {
        std::size_t row = 0;
        for (const std::size_t s : program_.size) {
            program_.offset.push_back(row);
            row += s;
        }
        program_.total_rows = row;
    }

    std::shared_ptr<const Field> field_;
    bool owning_;
    TaylorProgram program_;
};

}  // namespace

TaylorProgram taylor_program(const Field& field, bool time_row) { return Lowering(field, time_row, true).run(); }

std::shared_ptr<const TaylorProgram> shared_program(const Field& field, bool time_row) {
    if (time_row && !field.depends_on_time()) return std::make_shared<const TaylorProgram>(taylor_program(field, true));
    struct Kept {
        Field field;  // whose tensors the program points into
        std::shared_ptr<const void> program;
    };
    const auto kept = std::make_shared<const Kept>(Kept{field, field.derived([&]() -> std::shared_ptr<const void> {
                                                            return std::make_shared<const TaylorProgram>(
                                                                Lowering(field, false, false).run());
                                                        })});
    return {kept, static_cast<const TaylorProgram*>(kept->program.get())};
}

}  // namespace capnode
