// The Jacobian over all starting points, the whole step and the tube: the chain rule, with every factor over its whole
// range.
#include <algorithm>
#include <vector>

#include "capnode/flow/taylor_model_step.hpp"
#include "capnode/numerics/elementary.hpp"
#include "capnode/numerics/rounding.hpp"

namespace capnode {

void TaylorModelStep::jacobian(double* mid, double* rad) const {
    const std::size_t n = rows();
    std::vector<Interval> d(program_->total_rows * n, Interval(0.0));
    const auto at = [&](std::size_t row) { return d.data() + row * n; };
    const auto path = [&](Register r) { return r != no_register && program_->instructions[r].on_path; };
    const auto add = [&](Interval* out, const Interval& factor, const Interval* in) {
        for (std::size_t c = 0; c < n; ++c) {
            if (in[c].lo != 0.0 || in[c].hi != 0.0) out[c] += factor * in[c];
        }
    };
    for (const Instruction& i : program_->instructions) {
        if (!i.on_path) continue;
        for (std::size_t j = 0; j < program_->size[i.out]; ++j) {
            const std::size_t row = first(i.out) + j;
            Interval* out = at(row);
            switch (i.primitive) {
                case Primitive::state:
                    out[j] = Interval(1.0);
                    break;
                case Primitive::constant:
                    break;
                case Primitive::affine:
                    for (std::size_t c = 0; c < i.weight->mid.cols; ++c) {
                        const double w = i.weight->mid(j, c);
                        const double r = i.weight->exact() ? 0.0 : i.weight->rad(j, c);
                        add(out, ball_hull(w, r), at(first(i.a) + c));
                    }
                    break;
                case Primitive::scale:
                    add(out, ball_hull(i.factor.mid, i.factor.rad), at(first(i.a) + j));
                    break;
                case Primitive::add:
                case Primitive::subtract:
                    if (path(i.a)) add(out, Interval(1.0), at(first(i.a) + j));
                    if (path(i.b)) {
                        add(out, Interval(i.primitive == Primitive::add ? 1.0 : -1.0), at(first(i.b) + j));
                    }
                    break;
                case Primitive::gather:
                    std::copy_n(at(first(i.a) + i.indices[j]), n, out);
                    break;
                case Primitive::concat: {
                    std::size_t q = j;
                    for (const Register part : i.parts) {
                        if (q < program_->size[part]) {
                            std::copy_n(at(first(part) + q), n, out);
                            break;
                        }
                        q -= program_->size[part];
                    }
                    break;
                }
                case Primitive::multiply:
                    if (path(i.b)) add(out, range(first(i.a) + j), at(first(i.b) + j));
                    if (path(i.a)) add(out, range(first(i.b) + j), at(first(i.a) + j));
                    break;
                case Primitive::integral: {
                    Interval slope = range(first(i.derivative) + j);
                    if (!(width_up(slope) <= 0.02)) {
                        const auto both = intersect(slope, derivatives(i.function, range(first(i.a) + j))[1]);
                        if (both) slope = *both;
                    }
                    add(out, slope, at(first(i.a) + j));
                    break;
                }
                case Primitive::reciprocal:
                case Primitive::square_root:
                    add(out, range(first(i.derivative) + j), at(first(i.a) + j));
                    break;
            }
        }
    }
    for (std::size_t row = 0; row < n; ++row) {
        for (std::size_t c = 0; c < n; ++c) {
            const Interval& x = at(first(program_->output) + row)[c];
            const double m = is_bounded(x) ? midpoint(x) : 0.0;
            mid[row * n + c] = m;
            rad[row * n + c] = is_bounded(x) ? radius_up(x, m) : infinity;
        }
    }
}

}  // namespace capnode
