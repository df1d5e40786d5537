// Uses the installed library alone: a field built by hand, and a proof about it.
#include <cstdio>
#include <vector>

#include "capnode/dynamics/equilibrium.hpp"
#include "capnode/field/field.hpp"
#include "capnode/numerics/float_environment.hpp"

int main() {
    const capnode::FloatEnvironment guard;
    // x' = tanh(W x + b)
    capnode::Matrix w(2, 2), b(2, 1);
    w(0, 0) = -2.0;
    w(0, 1) = 1.0;
    w(1, 0) = -1.0;
    w(1, 1) = -2.0;
    b(0, 0) = 0.5;
    b(1, 0) = -0.25;
    capnode::FieldBuilder builder(2, 0, false);
    const capnode::Field field = builder.build(builder.apply("tanh", builder.affine(builder.state(), w, {}, b)));
    const auto found = capnode::equilibrium(field, {0.0, 0.0});
    if (!found.proved()) {
        std::printf("not proved: %s\n", found.detail().c_str());
        return 1;
    }
    const capnode::Equilibrium& e = found.value();
    std::printf("an equilibrium in [%.17g, %.17g] x [%.17g, %.17g], %d unstable directions\n", e.state[0].lo,
                e.state[0].hi, e.state[1].lo, e.state[1].hi, e.unstable_dimension.value_or(-1));
    return e.unstable_dimension == 0 ? 0 : 1;
}
