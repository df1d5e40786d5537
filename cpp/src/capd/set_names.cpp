#include <algorithm>

#include "capnode/capd/capd_flow.hpp"
#include "set_types.hpp"

namespace capnode {
namespace {

bool in(const std::vector<std::string>& names, const std::string& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

std::string list(const std::vector<std::string>& names) {
    std::string out;
    for (const std::string& name : names) out += (out.empty() ? "" : ", ") + name;
    return out;
}

}  // namespace

const std::vector<std::string>& capd_c0_sets() {
#define CAPNODE_SET_NAME(S) #S,
    static const std::vector<std::string> names = {CAPNODE_CAPD_C0_SETS(CAPNODE_SET_NAME)};
    return names;
}

const std::vector<std::string>& capd_c1_sets() {
    static const std::vector<std::string> names = {CAPNODE_CAPD_C1_SETS(CAPNODE_SET_NAME)};
#undef CAPNODE_SET_NAME
    return names;
}

const std::string& capd_default_set(bool derivative) {
    static const std::string c0 = "C0HOTripletonSet", c1 = "C1HORect2Set";
    return derivative ? c1 : c0;
}

void require_capd_set(const std::string& set, std::size_t order, bool derivative) {
    if (!set.empty()) {
        const bool c0 = in(capd_c0_sets(), set);
        if (!c0 && !in(capd_c1_sets(), set))
            throw std::invalid_argument("capd_set must be one of " + list(capd_c0_sets()) + ", " +
                                        list(capd_c1_sets()) + "; not '" + set + "'");
        if (c0 && derivative)
            throw std::invalid_argument("capd_set='" + set + "' carries no derivative, and derivative=True asks for " +
                                        "one: take one of " + list(capd_c1_sets()));
    }
    const bool obreshkov = (set.empty() ? capd_default_set(derivative) : set).find("HO") != std::string::npos;
    const std::size_t least = obreshkov ? 3 : 1;
    if (order != 0 && (order < least || order > 60))
        throw std::invalid_argument("order must lie between " + std::to_string(least) + " and 60 for " +
                                    (set.empty() ? capd_default_set(derivative) : set) + ", not " +
                                    std::to_string(order));
}

}  // namespace capnode
