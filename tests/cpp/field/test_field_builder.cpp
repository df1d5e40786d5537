// The builder: sizes are checked, equal exact nodes are stored once, what is not needed is dropped.
#include <limits>
#include <stdexcept>
#include <string>

#include "capnode/field/field.hpp"
#include "check.hpp"

using namespace capnode;

namespace {

Matrix filled(std::size_t rows, std::size_t cols, double value) { return Matrix(rows, cols, value); }

template <class F>
bool refused(F f, const char* first, const char* second) {
    try {
        f();
    } catch (const std::invalid_argument& e) {
        const std::string text = e.what();
        return text.find(first) != std::string::npos && text.find(second) != std::string::npos;
    }
    return false;
}

void test_structure() {
    FieldBuilder b(3, 2, false);
    const NodeId x = b.state();
    const NodeId p = b.parameter();
    CHECK(b.state() == x);
    CHECK(b.gather(x, {0, 1, 2}) == x);  // the identity is no node
    CHECK(b.concat({x}) == x);
    const NodeId unused = b.apply(Function::exp, x);
    const NodeId u = b.affine(x, filled(3, 3, 0.5), {}, filled(3, 1, 1.0));
    const NodeId again = b.affine(x, filled(3, 3, 0.5), {}, filled(3, 1, 1.0));
    CHECK(u == again);
    const NodeId ball = b.affine(x, filled(3, 3, 0.5), filled(3, 3, 1e-9));
    CHECK(b.affine(x, filled(3, 3, 0.5), filled(3, 3, 1e-9)) != ball);
    CHECK(b.size(unused) == 3);
    const NodeId out = b.add(b.apply("tanh", u), b.multiply(b.gather(p, {0, 0, 1}), x));
    const Field f = b.build(out);
    CHECK(f.dim() == 3 && f.parameter_dim() == 2 && !f.has_time() && !f.depends_on_time());
    CHECK(f.nodes().size() == 7);
    CHECK(f.tensors().size() == 2);
    CHECK(!f.has_weight_radius());
    CHECK(f.node(f.output()).operation == Operation::add);
    CHECK(f.dependence()[f.output()].state && f.dependence()[f.output()].parameter);
    for (NodeId id = 0; id < f.nodes().size(); ++id) {
        for (const NodeId input : f.node(id).inputs) CHECK(input < id && f.last_use()[input] >= id);
    }
    CHECK(f.digest().size() == 64);
    CHECK(f == b.build(out));
    CHECK(!(f == b.build(u)));
    CHECK(b.build(b.affine(x, filled(3, 3, 0.5), filled(3, 3, 1e-9))).has_weight_radius());
    CHECK(!b.build(b.affine(x, filled(3, 3, 0.5), filled(3, 3, 0.0))).has_weight_radius());  // radius 0 is exact
}

void test_refusals() {
    FieldBuilder b(3, 0, false);
    const NodeId x = b.state();
    const double nan = std::numeric_limits<double>::quiet_NaN();
    CHECK(refused([&] { b.affine(x, filled(2, 4, 1.0)); }, "2 x 4", "3"));
    CHECK(refused([&] { b.affine(x, filled(2, 3, 1.0), {}, filled(3, 1, 1.0)); }, "3 x 1", "2"));
    CHECK(refused([&] { b.affine(x, filled(2, 3, nan)); }, "finite", "(0, 0)"));
    CHECK(refused([&] { b.affine(x, filled(2, 3, 1.0), filled(2, 3, -1.0)); }, ">= 0", "-1"));
    CHECK(refused([&] { b.affine(x, filled(2, 3, 1.0), filled(2, 3, nan)); }, "finite", "radius"));
    CHECK(refused([&] { b.affine(x, filled(2, 3, 1.0), {}, {}, filled(3, 1, 1.0)); }, "3", "2"));
    CHECK(refused([&] { b.add(x, b.constant(filled(2, 1, 1.0))); }, "3", "2"));
    CHECK(refused([&] { b.gather(x, {3}); }, "3", "size 3"));
    CHECK(refused([&] { b.matvec(x, x, 2, 2); }, "3", "2 x 2"));
    CHECK(refused([&] { b.apply("relu", x); }, "relu", "tanh"));
    CHECK(refused([&] { b.power(77, 2); }, "77", "exist"));
    CHECK(refused([&] { b.parameter(); }, "parameter_dim", "0"));
    CHECK(refused([&] { b.build(b.gather(x, {0})); }, "1", "3"));
    CHECK(refused([&] { FieldBuilder(0, 0, false); }, "at least 1", "0"));
}

}  // namespace

int main() {
    test_structure();
    test_refusals();
    return check::report();
}
