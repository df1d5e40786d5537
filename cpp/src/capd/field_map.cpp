#include "capnode/capd/field_map.hpp"

#include <mutex>
#include <stdexcept>
#include <string>

#include "capnode/capd/convert.hpp"
#include "capnode/field/capd_program.hpp"
#include "capnode/numerics/float_environment.hpp"
#include "capnode/numerics/rounding.hpp"

namespace capnode {
namespace {

using CapdNode = ::capd::autodiff::Node;
using Nodes = std::vector<CapdNode>;

CapdNode sigmoid_of(const CapdNode& v) { return 1.0 / (1.0 + ::exp(-v)); }

CapdNode function_of(Function function, const CapdNode& v) {
    switch (function) {
        case Function::tanh:
            return 1.0 - 2.0 / (1.0 + ::exp(2.0 * v));
        case Function::sigmoid:
            return sigmoid_of(v);
        case Function::softplus:
            return ::log(1.0 + ::exp(v));
        case Function::silu:
            return v / (1.0 + ::exp(-v));
        case Function::gelu_tanh: {
            const CapdNode c = 2.0 * ::sqrt(CapdNode(2.0) / (4.0 * ::atan(CapdNode(1.0))));  // 2 sqrt(2/pi)
            const CapdNode k = CapdNode(44715.0) / 1000000.0;
            return v * sigmoid_of(c * (v * (1.0 + k * ::sqr(v))));
        }
        case Function::mish:
            return v * (1.0 - 2.0 / (1.0 + ::sqr(1.0 + ::exp(v))));
        case Function::sin:
            return ::sin(v);
        case Function::cos:
            return ::cos(v);
        case Function::exp:
            return ::exp(v);
        case Function::log:
            return ::log(v);
        case Function::sqrt:
            return ::sqrt(v);
        case Function::atan:
            return ::atan(v);
        case Function::reciprocal:
            return 1.0 / v;
        case Function::square:
            return ::sqr(v);
        default:
            throw std::logic_error(std::string("no form for CAPD of ") + name(function));
    }
}

/// For each tensor the index of the map's parameter that is its first entry.
std::vector<std::size_t> first_parameters(const Field& field) {
    std::vector<std::size_t> first;
    std::size_t next = field.parameter_dim();
    for (const Tensor& t : field.tensors()) {
        first.push_back(next);
        if (!t.exact()) next += t.mid.size();
    }
    first.push_back(next);
    return first;
}

/// The graph as nodes of CAPD's. It refers to the field and lives shorter.
struct Lowering {
    const Field& field;
    const std::vector<std::size_t>& first;
    bool backward;

    /// Entry k of a tensor times x; empty where the entry is exactly 0.
    bool is_zero(std::uint32_t tensor, std::size_t k) const {
        const Tensor& t = field.tensors()[tensor];
        return t.exact() && t.mid.data[k] == 0.0;
    }
    CapdNode entry(std::uint32_t tensor, std::size_t k, const CapdNode* parameters) const {
        const Tensor& t = field.tensors()[tensor];
        return t.exact() ? CapdNode(t.mid.data[k]) : parameters[first[tensor] + k];
    }
    CapdNode times(std::uint32_t tensor, std::size_t k, const CapdNode& x, const CapdNode* parameters) const {
        const Tensor& t = field.tensors()[tensor];
        if (t.exact() && t.mid.data[k] == 1.0) return x;
        if (t.exact() && t.mid.data[k] == -1.0) return -x;
        return entry(tensor, k, parameters) * x;
    }

    Nodes affine(const Node& n, const Nodes& x, const CapdNode* parameters) const {
        Nodes out;
        for (std::size_t i = 0; i < n.size; ++i) {
            bool empty = n.bias == no_tensor || is_zero(n.bias, i);
            CapdNode sum = empty ? CapdNode() : entry(n.bias, i, parameters);
            for (std::size_t j = 0; j < x.size(); ++j) {
                const std::size_t k = i * x.size() + j;
                if (is_zero(n.weight, k)) continue;
                const CapdNode term = times(n.weight, k, x[j], parameters);
                sum = empty ? term : sum + term;
                empty = false;
            }
            out.push_back(empty ? CapdNode(0.0) : sum);
        }
        return out;
    }

    static Nodes matvec(const Node& n, const Nodes& matrix, const Nodes& x) {
        Nodes out;
        for (std::size_t i = 0; i < n.rows; ++i) {
            CapdNode sum = matrix[i * n.cols] * x[0];
            for (std::size_t j = 1; j < n.cols; ++j) sum = sum + matrix[i * n.cols + j] * x[j];
            out.push_back(sum);
        }
        return out;
    }

    static CapdNode power(const CapdNode& v, int k) {
        if (k == 0) return CapdNode(1.0);
        if (k == 1) return v;
        if (k == 2) return ::sqr(v);
        if (k == -1) return 1.0 / v;
        return v ^ static_cast<double>(k);
    }

    template <class F>
    static Nodes each(const Nodes& a, F f) {
        Nodes out;
        for (const CapdNode& v : a) out.push_back(f(v));
        return out;
    }
    template <class F>
    static Nodes each(const Nodes& a, const Nodes& b, F f) {
        Nodes out;
        for (std::size_t i = 0; i < a.size(); ++i) out.push_back(f(a[i], b[i]));
        return out;
    }

    Nodes value(const Node& n, const std::vector<Nodes>& values, const CapdNode& time, const CapdNode* state,
                const CapdNode* parameters) const {
        const auto in = [&](std::size_t k) -> const Nodes& { return values[n.inputs[k]]; };
        switch (n.operation) {
            case Operation::state:
                return {state, state + field.dim()};
            case Operation::parameter:
                return {parameters, parameters + field.parameter_dim()};
            case Operation::time: {
                const CapdNode& t0 = parameters[first.back()];
                return {backward ? t0 - time : t0 + time};
            }
            case Operation::constant: {
                Nodes out;
                for (std::size_t k = 0; k < n.size; ++k) out.push_back(entry(n.weight, k, parameters));
                return out;
            }
            case Operation::affine:
                return affine(n, in(0), parameters);
            case Operation::add:
                return each(in(0), in(1), [](const CapdNode& a, const CapdNode& b) { return a + b; });
            case Operation::subtract:
                return each(in(0), in(1), [](const CapdNode& a, const CapdNode& b) { return a - b; });
            case Operation::multiply:
                if (n.inputs[0] == n.inputs[1]) return each(in(0), [](const CapdNode& a) { return ::sqr(a); });
                return each(in(0), in(1), [](const CapdNode& a, const CapdNode& b) { return a * b; });
            case Operation::divide:
                return each(in(0), in(1), [](const CapdNode& a, const CapdNode& b) { return a / b; });
            case Operation::negate:
                return each(in(0), [](const CapdNode& a) { return -a; });
            case Operation::gather: {
                Nodes out;
                for (const std::uint32_t i : n.indices) out.push_back(in(0)[i]);
                return out;
            }
            case Operation::concat: {
                Nodes out;
                for (const NodeId part : n.inputs) out.insert(out.end(), values[part].begin(), values[part].end());
                return out;
            }
            case Operation::matvec:
                return matvec(n, in(0), in(1));
            case Operation::apply:
                return each(in(0), [&](const CapdNode& v) { return function_of(n.function, v); });
            case Operation::power:
                return each(in(0), [&](const CapdNode& v) { return power(v, n.exponent); });
        }
        throw std::logic_error("an operation without a form for CAPD");
    }

    void operator()(const CapdNode& time, CapdNode state[], int, CapdNode out[], int, CapdNode parameters[],
                    int) const {
        std::vector<Nodes> values;
        for (const Node& n : field.nodes()) values.push_back(value(n, values, time, state, parameters));
        const Nodes& f = values[field.output()];
        // an output that is an input, or the same node twice: CAPD wants nodes of their own no less
        for (std::size_t i = 0; i < f.size(); ++i) out[i] = backward ? -f[i] : f[i];
    }
};

/// CAPD keeps the expression under construction in one static variable.
std::mutex& construction() {
    static std::mutex mutex;
    return mutex;
}

}  // namespace

void require_capd_field(const Field& field) {
    std::string missing;
    for (const Function f : capd_missing(field)) missing += (missing.empty() ? "" : ", ") + std::string(name(f));
    if (!missing.empty()) {
        throw std::invalid_argument(
            "CAPD cannot differentiate " + missing +
            ", which the field uses: its functions are + - * / powers exp log sqrt sin cos atan, "
            "and what can be written through them; use engine='native'");
    }
}

std::unique_ptr<::capd::IMap> capd_map(const Field& field, bool backward, int degree) {
    require_capd_field(field);
    const std::vector<std::size_t> first = first_parameters(field);
    const std::size_t parameters = first.back() + (field.depends_on_time() ? 1 : 0);
    const Lowering lowering{field, first, backward};
    const int n = static_cast<int>(field.dim());
    const std::lock_guard lock(construction());
    return std::make_unique<::capd::IMap>([&lowering](CapdNode t, CapdNode in[], int k, CapdNode out[], int m,
                                                      CapdNode p[], int l) { lowering(t, in, k, out, m, p, l); },
                                          n, n, static_cast<int>(parameters),
                                          static_cast<::capd::IMap::size_type>(degree));
}

std::unique_ptr<::capd::IMap> capd_map(const std::string& formula) {
    const std::lock_guard lock(construction());
    return std::make_unique<::capd::IMap>(formula);
}

void set_capd_parameters(::capd::IMap& map, const Field& field, const std::vector<Interval>& p, const Interval& t0) {
    if (p.size() != field.parameter_dim()) {
        throw std::invalid_argument("p has " + std::to_string(p.size()) + " entries, the field has " +
                                    std::to_string(field.parameter_dim()) + " parameters");
    }
    std::vector<Interval> values = p;
    {
        const FloatEnvironment ours;  // the ends of mid +- rad are computed by our arithmetic
        for (const Tensor& t : field.tensors()) {
            if (t.exact()) continue;
            for (std::size_t k = 0; k < t.mid.size(); ++k) {
                values.emplace_back(subtract_down(t.mid.data[k], t.rad.data[k]), add_up(t.mid.data[k], t.rad.data[k]));
            }
        }
    }
    if (field.depends_on_time()) values.push_back(t0);
    for (std::size_t k = 0; k < values.size(); ++k)
        map.setParameter(static_cast<::capd::IMap::size_type>(k), to_capd(values[k]));
}

}  // namespace capnode
