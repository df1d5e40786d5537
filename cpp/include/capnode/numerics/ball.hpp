// Real balls mid ± rad and complex discs |z - mid| <= rad, in round to nearest with every rounding in the radius.
#pragma once

#include "capnode/numerics/interval.hpp"

namespace capnode {

struct Ball {
    double mid = 0.0;
    double rad = 0.0;
};

struct ComplexBall {
    double re = 0.0;
    double im = 0.0;
    double rad = 0.0;
};

}  // namespace capnode
