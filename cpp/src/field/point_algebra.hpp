// Values alone: the arithmetic of some Lanes with the state, parameter and time it is asked at.
#pragma once

#include <utility>

#include "capnode/field/field.hpp"

namespace capnode::detail {

template <class Lanes>
struct PointAlgebra : Lanes {
    using Value = typename Lanes::Value;
    const Value& x;
    const Value& p;
    const Value& t;

    PointAlgebra(const Value& state, const Value& parameter, const Value& time) : x(state), p(parameter), t(time) {}
    Value state() const { return x; }
    Value parameter() const { return p; }
    Value time() const { return t; }
};

}  // namespace capnode::detail
