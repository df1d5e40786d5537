#include "capnode/field/capd_program.hpp"

#include <charconv>
#include <cmath>
#include <set>
#include <stdexcept>

#include "capnode/numerics/rounding.hpp"

namespace capnode {
namespace {

/// Each function as text of the program; those that others call stand before them.
struct FunctionText {
    Function function;
    const char* name;
    const char* text;
    std::vector<Function> calls = {};
};

const std::vector<FunctionText>& function_texts() {
    using enum Function;
    static const std::vector<FunctionText> texts = {
        {tanh, "tanh_of", "Node tanh_of(const Node& v) { return 1. - 2. / (1. + exp(2. * v)); }"},
        {sigmoid, "sigmoid_of", "Node sigmoid_of(const Node& v) { return 1. / (1. + exp(-v)); }"},
        {softplus, "softplus_of", "Node softplus_of(const Node& v) { return log(1. + exp(v)); }"},
        {silu, "silu_of", "Node silu_of(const Node& v) { return v / (1. + exp(-v)); }"},
        {gelu_tanh,
         "gelu_tanh_of",
         "Node gelu_tanh_of(const Node& v) {  // v sigmoid(2 sqrt(2/pi) (v + 0.044715 v^3))\n"
         "    const Node c = 2. * sqrt(Node(2.) / (4. * atan(Node(1.))));\n"
         "    const Node k = Node(44715.) / 1000000.;\n"
         "    return v * sigmoid_of(c * (v * (1. + k * sqr(v))));\n"
         "}",
         {sigmoid}},
        {mish, "mish_of", "Node mish_of(const Node& v) { return v * (1. - 2. / (1. + sqr(1. + exp(v)))); }"},
        {sin, "sin", nullptr},
        {cos, "cos", nullptr},
        {exp, "exp", nullptr},
        {log, "log", nullptr},
        {sqrt, "sqrt", nullptr},
        {atan, "atan", nullptr},
        {reciprocal, "reciprocal_of", "Node reciprocal_of(const Node& v) { return 1. / v; }"},
        {square, "sqr", nullptr},
    };
    return texts;
}

const FunctionText* text_of(Function function) {
    for (const FunctionText& t : function_texts()) {
        if (t.function == function) return &t;
    }
    return nullptr;
}

/// A C++17 literal of exactly this number.
std::string literal(double value) {
    char buffer[40];
    const double magnitude = std::fabs(value);
    const auto end = std::to_chars(buffer, buffer + sizeof buffer, magnitude, std::chars_format::hex);
    return std::string(std::signbit(value) ? "-0x" : "0x").append(buffer, end.ptr);
}

template <class Numbers>
std::string array(const std::string& name, const Numbers& values, std::size_t per_line) {
    std::string out = "const double " + name + "[] = {";
    for (std::size_t k = 0; k < values.size(); ++k) {
        out += k % per_line == 0 ? "\n    " : " ";
        out += literal(values[k]) + ",";
    }
    if (values.empty()) out += "0.";
    return out + "};\n";
}

std::string number(std::size_t value) { return std::to_string(value); }
std::string node(NodeId id) { return std::string("v").append(std::to_string(id)); }

/// The text of one field. Tensors with a radius are CAPD parameters, numbered after those of the field.
struct Writer {
    const Field& field;
    const CapdRun& run;
    std::vector<std::size_t> first_parameter;  // of a tensor with a radius
    std::vector<double> radius_lo;
    std::vector<double> radius_hi;

    void place_parameters() {
        for (const Tensor& t : field.tensors()) {
            first_parameter.push_back(field.parameter_dim() + radius_lo.size());
            if (t.exact()) continue;
            for (std::size_t k = 0; k < t.mid.size(); ++k) {
                radius_lo.push_back(subtract_down(t.mid.data[k], t.rad.data[k]));
                radius_hi.push_back(add_up(t.mid.data[k], t.rad.data[k]));
            }
        }
    }

    /// Something that is indexed like the tensor, row after row.
    std::string tensor(std::uint32_t index) const {
        if (index == no_tensor) return "no_bias";
        if (field.tensors()[index].exact()) return "tensor" + number(index);
        return "(params + " + number(first_parameter[index]) + ")";
    }

    std::string head() const {
        const std::string arguments =
            field.parameter_dim() > 0 ? "[t [x_1 ... x_n [p_1 ... p_m]]]" : "[t [x_1 ... x_n]]";
        return "// A vector field for CAPD::DynSys, written by capnode.\n"
               "// Field: dim " +
               number(field.dim()) + ", parameter_dim " + number(field.parameter_dim()) + ", digest " + field.digest() +
               "\n"
               "// Weights are hex floats: exactly the stored binary numbers.\n"
               "//\n"
               "// Build:  g++ -std=c++17 field.cpp $(pkg-config --cflags --libs capd) -o field\n"
               "// Run:    ./field " +
               arguments +
               "      (numbers are doubles; hex floats are exact)\n"
               "#include <cstdio>\n#include <cstdlib>\n#include <exception>\n#include <vector>\n\n"
               "#include \"capd/capdlib.h\"\n\n"
               "using capd::autodiff::Node;\n"
               "using Nodes = std::vector<Node>;\n\n";
    }

    std::string constants() const {
        std::string out = "const int dim = " + number(field.dim()) +
                          ";\nconst int parameter_dim = " + number(field.parameter_dim()) +
                          ";\nconst int radius_dim = " + number(radius_lo.size()) +
                          ";  // weights known up to a radius: CAPD parameters with interval values\n"
                          "bool backward = false;      // in s = -t: x'(s) = -f(x, -s)\n\n";
        for (std::size_t k = 0; k < field.tensors().size(); ++k) {
            const Tensor& t = field.tensors()[k];
            if (!t.exact()) continue;
            out += "// " + number(t.mid.rows) + " x " + number(t.mid.cols) + "\n";
            out += array("tensor" + number(k), t.mid.data, t.mid.cols);
        }
        out += array("radius_lo", radius_lo, 4) + array("radius_hi", radius_hi, 4);
        return out + "\n";
    }

    std::string functions() const {
        std::set<Function> used;
        for (const Node& n : field.nodes()) {
            if (n.operation != Operation::apply) continue;
            const FunctionText* t = text_of(n.function);
            used.insert(n.function);
            used.insert(t->calls.begin(), t->calls.end());
        }
        std::string out;
        for (const FunctionText& t : function_texts()) {
            if (t.text != nullptr && used.contains(t.function)) out += std::string(t.text) + "\n";
        }
        return out + R"(
// weight x + bias; weight has `rows` rows, one after another
const double* const no_bias = nullptr;
inline bool is_zero(double w) { return w == 0.; }
inline bool is_zero(const Node&) { return false; }
inline Node as_node(double b) { return Node(b); }
inline Node as_node(const Node& b) { return b; }
template <class Weight, class Bias>
Nodes affine(const Weight* weight, const Bias* bias, int rows, const Nodes& x) {
    Nodes out;
    for (int i = 0; i < rows; ++i) {
        bool empty = bias == nullptr || is_zero(bias[i]);
        Node sum = empty ? Node() : as_node(bias[i]);
        for (std::size_t j = 0; j < x.size(); ++j) {
            const Weight& w = weight[std::size_t(i) * x.size() + j];
            if (is_zero(w)) continue;
            sum = empty ? w * x[j] : sum + w * x[j];
            empty = false;
        }
        out.push_back(empty ? Node(0.) : sum);
    }
    return out;
}
inline Nodes matvec(const Nodes& matrix, int rows, const Nodes& x) { return affine(matrix.data(), no_bias, rows, x); }
template <class Value>
Nodes constant(const Value* values, int size) {
    Nodes out;
    for (int i = 0; i < size; ++i) out.push_back(as_node(values[i]));
    return out;
}
template <class Function>
Nodes each(const Nodes& a, Function f) {
    Nodes out;
    for (const Node& v : a) out.push_back(f(v));
    return out;
}
template <class Function>
Nodes each(const Nodes& a, const Nodes& b, Function f) {
    Nodes out;
    for (std::size_t i = 0; i < a.size(); ++i) out.push_back(f(a[i], b[i]));
    return out;
}
inline Nodes concat(std::initializer_list<Nodes> parts) {
    Nodes out;
    for (const Nodes& p : parts) out.insert(out.end(), p.begin(), p.end());
    return out;
}
inline Nodes gather(const Nodes& a, std::initializer_list<int> indices) {
    Nodes out;
    for (int i : indices) out.push_back(a[i]);
    return out;
}

)";
    }

    std::string binary(const Node& n, const char* sign) const {
        return "each(" + node(n.inputs[0]) + ", " + node(n.inputs[1]) +
               ", [](const Node& a, const Node& b) { return a " + sign + " b; })";
    }

    std::string value(const Node& n) const {
        const std::string a = n.inputs.empty() ? "" : node(n.inputs[0]);
        switch (n.operation) {
            case Operation::state:
                return "Nodes(in, in + dim)";
            case Operation::parameter:
                return "Nodes(params, params + parameter_dim)";
            case Operation::time:
                return "{t}";
            case Operation::constant:
                return "constant(" + tensor(n.weight) + ", " + number(n.size) + ")";
            case Operation::affine:
                return "affine(" + tensor(n.weight) + ", " + tensor(n.bias) + ", " + number(n.size) + ", " + a + ")";
            case Operation::add:
                return binary(n, "+");
            case Operation::subtract:
                return binary(n, "-");
            case Operation::multiply:
                return n.inputs[0] == n.inputs[1] ? "each(" + a + ", [](const Node& a) { return sqr(a); })"
                                                  : binary(n, "*");
            case Operation::divide:
                return binary(n, "/");
            case Operation::negate:
                return "each(" + a + ", [](const Node& a) { return -a; })";
            case Operation::gather: {
                std::string list;
                for (const std::uint32_t i : n.indices) list += (list.empty() ? "" : ", ") + number(i);
                return "gather(" + a + ", {" + list + "})";
            }
            case Operation::concat: {
                std::string list;
                for (const NodeId part : n.inputs) list += (list.empty() ? "" : ", ") + node(part);
                return "concat({" + list + "})";
            }
            case Operation::matvec:
                return "matvec(" + a + ", " + number(n.rows) + ", " + node(n.inputs[1]) + ")";
            case Operation::apply:
                return "each(" + a + ", [](const Node& v) { return " + text_of(n.function)->name + "(v); })";
            case Operation::power:
                if (n.exponent == 0) return "each(" + a + ", [](const Node&) { return Node(1.); })";
                if (n.exponent == 2) return "each(" + a + ", [](const Node& v) { return sqr(v); })";
                return "each(" + a + ", [](const Node& v) { return v ^ " + std::to_string(n.exponent) + ".; })";
        }
        throw std::logic_error("an operation without a text");
    }

    std::string vector_field() const {
        std::string out =
            "void vectorField(Node t, Node in[], int /*dimIn*/, Node out[], int /*dimOut*/, Node params[], "
            "int /*noParams*/) {\n    (void)params;\n"
            "    if (backward) t = -t;\n";
        for (NodeId k = 0; k < field.nodes().size(); ++k) {
            out += "    const Nodes " + node(k) + " = " + value(field.nodes()[k]) + ";\n";
        }
        return out + "    for (int i = 0; i < dim; ++i) out[i] = " + node(field.output()) +
               "[i];\n"
               "    for (int i = 0; backward && i < dim; ++i) out[i] = -out[i];\n}\n\n";
    }

    std::string main_function() const {
        std::vector<double> ends[4];
        for (const Interval& x : run.x0) ends[0].push_back(x.lo), ends[1].push_back(x.hi);
        for (const Interval& p : run.parameter) ends[2].push_back(p.lo), ends[3].push_back(p.hi);
        return "// What is computed where the command line does not say\n" + array("x0_lo", ends[0], 4) +
               array("x0_hi", ends[1], 4) + array("p_lo", ends[2], 4) + array("p_hi", ends[3], 4) +
               "const double start = " + literal(run.t0) + ", end = " + literal(run.t) +
               ";\nconst int order = " + std::to_string(run.order) + ";\n" + R"(
void print(const char* name, const capd::interval& x) {
    const double lo = x.leftBound(), hi = x.rightBound();
    std::printf("%s [%.17g, %.17g] [%a, %a]\n", name, lo, hi, lo, hi);  // the hex floats are exact
}

int main(int argc, char** argv) {
    const int given = argc - 1;
    if (given != 0 && given != 1 && given != 1 + dim && given != 1 + dim + parameter_dim) {
        std::fprintf(stderr, "usage: %s [t [%d numbers of the state [%d of the parameter]]]\n", argv[0], dim,
                     parameter_dim);
        return 2;
    }
    const double t = given > 0 ? std::strtod(argv[1], nullptr) : end;
    // Where an exponential overflows, CAPD's filib ends the program.
    std::set_terminate([] {
        std::fprintf(stderr, "CAPD: an interval function overflowed or was asked outside of its domain\n");
        std::_Exit(1);
    });
    backward = t < start;
    const double sign = backward ? -1. : 1.;
    try {
        capd::IMap field(vectorField, dim, dim, parameter_dim + radius_dim);
        for (int k = 0; k < parameter_dim; ++k) {
            const bool own = given > 1 + dim;
            const double p = own ? std::strtod(argv[2 + dim + k], nullptr) : 0.;
            field.setParameter(k, own ? capd::interval(p) : capd::interval(p_lo[k], p_hi[k]));
        }
        for (int k = 0; k < radius_dim; ++k)
            field.setParameter(parameter_dim + k, capd::interval(radius_lo[k], radius_hi[k]));
        capd::IVector x(dim);
        for (int k = 0; k < dim; ++k)
            x[k] = given > 1 ? capd::interval(std::strtod(argv[2 + k], nullptr)) : capd::interval(x0_lo[k], x0_hi[k]);
        capd::IOdeSolver solver(field, order);
        capd::ITimeMap timeMap(solver);
        capd::C1Rect2Set set(x, capd::interval(sign * start));
        capd::IMatrix derivative(dim, dim);
        x = timeMap(capd::interval(sign * t), set, derivative);
        char name[64];
        for (int i = 0; i < dim; ++i) {
            std::snprintf(name, sizeof name, "x %d", i);
            print(name, x[i]);
        }
        for (int i = 0; i < dim; ++i) {
            for (int j = 0; j < dim; ++j) {
                std::snprintf(name, sizeof name, "dx %d %d", i, j);
                print(name, derivative[i][j]);
            }
        }
    } catch (const std::exception& e) {
        std::fprintf(stderr, "CAPD: %s\n", e.what());
        return 1;
    }
}
)";
    }
};

}  // namespace

bool capd_can_differentiate(Function function) { return text_of(function) != nullptr; }

std::vector<Function> capd_missing(const Field& field) {
    std::set<Function> missing;
    for (const Node& n : field.nodes()) {
        if (n.operation == Operation::apply && !capd_can_differentiate(n.function)) missing.insert(n.function);
    }
    return {missing.begin(), missing.end()};
}

std::string capd_program(const Field& field, const CapdRun& run) {
    if (run.x0.size() != field.dim()) {
        throw std::invalid_argument("x0 has " + std::to_string(run.x0.size()) + " entries, the field has dimension " +
                                    std::to_string(field.dim()));
    }
    if (run.parameter.size() != field.parameter_dim()) {
        throw std::invalid_argument("p has " + std::to_string(run.parameter.size()) +
                                    " entries, the field has dimension " + std::to_string(field.parameter_dim()));
    }
    for (const Function f : capd_missing(field)) {
        throw std::invalid_argument(std::string("CAPD cannot differentiate ") + name(f) + ", which the field uses");
    }
    if (run.order < 1) throw std::invalid_argument("order must be at least 1, not " + std::to_string(run.order));
    Writer writer{field, run, {}, {}, {}};
    writer.place_parameters();
    return writer.head() + writer.constants() + writer.functions() + writer.vector_field() + writer.main_function();
}

}  // namespace capnode
