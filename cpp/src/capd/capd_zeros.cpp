#include "capnode/capd/capd_zeros.hpp"

#include <memory>
#include <stdexcept>
#include <string>

#include "capd/newton/Krawczyk.h"
#include "capd/newton/Newton.h"
#include "capnode/capd/call.hpp"
#include "capnode/capd/convert.hpp"
#include "capnode/capd/field_map.hpp"
#include "capnode/proof/zero_problem.hpp"

namespace capnode {
namespace {

std::shared_ptr<::capd::IMap> map_of(const Field& field, const std::vector<Interval>& p) {
    (void)zero_problem(field, p);  // refuses fields that depend on time, and parameters that do not fit
    require_capd_field(field);
    return call_capd([&] {
        std::unique_ptr<::capd::IMap> map = capd_map(field);
        set_capd_parameters(*map, field, p);
        return std::shared_ptr<::capd::IMap>(map.release(), [](::capd::IMap* old) {
            const CapdCall call;
            delete old;
        });
    });
}

void require_size(const std::vector<Interval>& X, std::size_t n) {
    if (X.size() != n)
        throw std::invalid_argument("the box has " + std::to_string(X.size()) +
                                    " components, the field has dimension " + std::to_string(n));
}

ZeroOperator make_operator(const Field& field, const std::vector<Interval>& p, bool newton) {
    const std::shared_ptr<::capd::IMap> map = map_of(field, p);
    const std::size_t n = field.dim();
    ZeroOperator op;
    op.engine = std::string("CAPD ") + capd_version() + " (" + capd_intervals() + " intervals)";
    op.newton = newton;
    op.image = [map, n, newton](const std::vector<Interval>& X, const std::vector<double>& x_bar) {
        require_size(X, n);
        const std::vector<Interval> at(x_bar.begin(), x_bar.end());
        require_size(at, n);
        try {
            return call_capd([&] {
                const ::capd::IVector point = to_capd(at);
                const ::capd::IVector box = to_capd(X);
                return from_capd(newton ? ::capd::newton::NewtonOperator(point, box, *map)
                                        : ::capd::newton::KrawczykOperator(point, box, *map));
            });
        } catch (const CapdError& error) {
            throw NoImage(error.what());
        }
    };
    op.derivative = [map, n](const std::vector<Interval>& X) {
        require_size(X, n);
        std::vector<Interval> entries(n * n, Interval::whole());
        try {
            entries = call_capd([&] { return from_capd(map->derivative(to_capd(X))); });
        } catch (const CapdError&) {  // not defined on the box: nothing is known
        }
        BallMatrix J(n, n);
        for (std::size_t k = 0; k < n * n; ++k) {
            J.mid.data[k] = midpoint(entries[k]);
            J.rad.data[k] = radius_up(entries[k], J.mid.data[k]);
        }
        return J;
    };
    return op;
}

}  // namespace

ZeroOperator capd_krawczyk(const Field& field, const std::vector<Interval>& p) {
    return make_operator(field, p, false);
}

ZeroOperator capd_interval_newton(const Field& field, const std::vector<Interval>& p) {
    return make_operator(field, p, true);
}

}  // namespace capnode
