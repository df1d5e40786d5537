// CAPD's set types by name, in one table.
#pragma once

#include <stdexcept>
#include <string>

#include "capd/capdlib.h"

namespace capnode {

/// X(name): without derivatives / with them.
#define CAPNODE_CAPD_C0_SETS(X) \
    X(C0Rect2Set)               \
    X(C0Pped2Set)               \
    X(C0Intv2Set)               \
    X(C0TripletonSet)           \
    X(C0HORect2Set)             \
    X(C0HOTripletonSet)
#define CAPNODE_CAPD_C1_SETS(X) \
    X(C1Rect2Set)               \
    X(C1Pped2Set)               \
    X(C1HORect2Set)             \
    X(C1HOPped2Set)

template <class Set>
struct SetTag {
    using type = Set;
};

/// Calls `f(SetTag<S>{}, true or false)` for the set type S of that name; the second tells whether it has derivatives.
template <class F>
void with_capd_set(const std::string& name, F&& f) {
#define CAPNODE_SET_CASE(S) \
    if (name == #S) return f(SetTag<::capd::S>{}, std::false_type{});
    CAPNODE_CAPD_C0_SETS(CAPNODE_SET_CASE)
#undef CAPNODE_SET_CASE
#define CAPNODE_SET_CASE(S) \
    if (name == #S) return f(SetTag<::capd::S>{}, std::true_type{});
    CAPNODE_CAPD_C1_SETS(CAPNODE_SET_CASE)
#undef CAPNODE_SET_CASE
    throw std::logic_error("a set of CAPD's without a type: " + name);
}

}  // namespace capnode
