// The Lorenz system from C++: the point (1, 1, 1) followed to t = 1 with its derivative, every rounding counted.
#include <cstdio>

#include "capnode/field/field.hpp"
#include "capnode/flow/flow.hpp"
#include "capnode/numerics/float_environment.hpp"

namespace {

// x' = 10 (y - x), y' = x (28 - z) - y, z' = x y - (8/3) z; 8/3 is a quotient of the field, hence exact.
capnode::Field lorenz() {
    capnode::FieldBuilder b(3, 0, false);
    const auto number = [&b](double value) { return b.constant(capnode::Matrix(1, 1, value)); };
    const capnode::NodeId s = b.state();
    const capnode::NodeId x = b.gather(s, {0});
    const capnode::NodeId y = b.gather(s, {1});
    const capnode::NodeId z = b.gather(s, {2});
    const capnode::NodeId dx = b.multiply(number(10.0), b.subtract(y, x));
    const capnode::NodeId dy = b.subtract(b.multiply(x, b.subtract(number(28.0), z)), y);
    const capnode::NodeId dz = b.subtract(b.multiply(x, y), b.multiply(b.divide(number(8.0), number(3.0)), z));
    return b.build(b.concat({dx, dy, dz}));
}

}  // namespace

int main() {
    const capnode::FloatEnvironment guard;
    capnode::InitialSet start;
    start.centre = {1.0, 1.0, 1.0};
    capnode::FlowOptions options;
    options.derivative = true;
    const capnode::FlowResult r = capnode::integrate(lorenz(), start, 1.0, options);
    std::printf("%s reached t = %g in %zu steps\n", capnode::sentence(r.verdict), r.reached, r.steps);
    for (const capnode::Interval& x : r.final) std::printf("  [%.15f, %.15f]\n", x.lo, x.hi);
    // Known: x(1) = (-9.3785700109, -8.3570337884, 29.3623253373) to the digits printed.
    const double known[3] = {-9.3785700109, -8.3570337884, 29.3623253373};
    for (int i = 0; i < 3; ++i) {
        const capnode::Interval& x = r.final[static_cast<std::size_t>(i)];
        if (!(x.lo <= known[i] + 1e-10) || !(known[i] - 1e-10 <= x.hi)) return 1;
    }
    return r.verdict == capnode::Verdict::proved ? 0 : 1;
}
