// The tube of a step: what the set grows to must lie inside of it (theorem in flow.hpp); wider tubes, then shorter
// steps, until it does.
#include <algorithm>
#include <cmath>

#include "lane_group.hpp"
#include "radius_rounding.hpp"

namespace capnode {
namespace {

constexpr double hopeless_growth = 1e-3;
constexpr double least_tube = 0x1p-900;

}  // namespace

// A first guess from what the last step needed.
void LaneGroup::guess_tube(std::size_t l, double factor) {
    const std::size_t lanes = lanes_.size();
    if (!lanes_[l]) {
        for (std::size_t i = 0; i < n_; ++i) tube_[i * lanes + l] = 0.0;
        return;
    }
    const FlowLane& lane = *lanes_[l];
    if (by_norm_) {
        const double tube = factor * lane.tube_ratio[0] * (lane.euclidean() + bare_norm_[l]) + least_tube;
        for (std::size_t i = 0; i < n_; ++i) tube_[i * lanes + l] = tube;
        return;
    }
    for (std::size_t i = 0; i < n_; ++i) {
        const std::size_t j = i * lanes + l;
        tube_[j] = factor * lane.tube_ratio[i] * (lane.magnitude()[i] + bare_defect_[j]) + least_tube;
    }
}

// The integral of mu_2(J) over the step is at most h (mu_2(J_c) + average |J - J_c|), and at any time mu_2 <= mu_2(J_c)
// + largest |J - J_c|. No number where a radius is infinite (0 times that): then nothing is known of J.
void LaneGroup::set_growth_by_norm(std::size_t l) {
    const double mu = logarithmic_norm(jacobian_centre_ + l, lanes_.size(), n_, std::copysign(1.0, scale_[l]),
                                       lanes_[l]->eigen_guess, log_norm_work_);
    const double h = length_of(l);
    const double largest = std::max(0.0, mu + jacobian_largest_[l]);
    const double average = mu + jacobian_average_[l];
    exponent_[l] = h * largest * slack;
    mean_exponent_[l] = average > 0.0 ? h * average * slack : h * average * (1.0 - 0x1p-32);
    if (!(std::fabs(mu) < infinity) || !(jacobian_largest_[l] < infinity) || !(jacobian_average_[l] < infinity))
        exponent_[l] = mean_exponent_[l] = infinity;
}

// needed_ = what the tube has to hold; excess < 1 where it does.
bool LaneGroup::tube_holds(std::size_t l, double& excess) {
    const std::size_t lanes = lanes_.size();
    const FlowLane& lane = *lanes_[l];
    excess = 0.0;
    if (by_norm_) {
        const double inflow = (lane.euclidean() + bare_norm_[l]) * slack + tiny_norm;
        set_growth_by_norm(l);
        const double needed = inflow * exponential_up(exponent_[l]) * slack;
        lanes_[l]->tube_ratio[0] = std::min(4.0, needed / inflow);
        std::fill(needed_.begin(), needed_.end(), needed);
        excess = needed / tube_[l];
        return needed < tube_[l];
    }
    for (std::size_t i = 0; i < n_; ++i) {
        inflow_[i] = (lane.magnitude()[i] + bare_defect_[i * lanes + l]) * slack + underflow;
    }
    growth_[l].set(jacobian_mid_.data() + l, jacobian_rad_.data() + l, lanes, length_of(l),
                   std::copysign(1.0, scale_[l]));
    growth_[l].apply(inflow_.data(), needed_.data());
    const double speed = growth_[l].norm() / length_of(l);
    lanes_[l]->last_speed = speed < infinity ? speed : 0.0;
    bool inside = true;
    for (std::size_t i = 0; i < n_; ++i) {
        inside = inside && needed_[i] < tube_[i * lanes + l];
        const double ratio = needed_[i] / inflow_[i];
        lanes_[l]->tube_ratio[i] = ratio < 8.0 ? ratio : 8.0;
    }
    return inside;
}

void LaneGroup::shorten_until_tube_holds() {
    const std::size_t lanes = lanes_.size();
    for (std::size_t l = 0; l < lanes; ++l) {
        guess_tube(l, 1.25);
        settled_[l] = 0;
        tries_[l] = 0;
    }
    for (int attempt = 0; attempt < 400; ++attempt) {
        engine_->radii(tube_.data(), by_norm_);
        if (by_norm_) {
            jacobian_centre_ = engine_->jacobian_centre(jacobian_largest_.data(), jacobian_average_.data());
        } else {
            engine_->jacobian_range(jacobian_mid_.data(), jacobian_rad_.data());
        }
        bool again = false;
        bool shorter = false;
        for (std::size_t l = 0; l < lanes; ++l) {
            if (!active(l) || settled_[l]) continue;
            double excess = 0.0;
            if (tube_holds(l, excess)) {
                for (std::size_t i = 0; i < n_; ++i) reach_[i * lanes + l] = needed_[i];
                settled_[l] = 1;
                continue;
            }
            again = true;
            bool finite = true;
            for (const double x : needed_) finite = finite && x < infinity;
            if (finite && ++tries_[l] < 4) {
                for (std::size_t i = 0; i < n_; ++i) tube_[i * lanes + l] = 1.3 * needed_[i] + least_tube;
            } else {
                tries_[l] = 0;
                const double before = length_of(l);
                set_length(l, 0.6 * before);
                lanes_[l]->step_factor *= 0.9;
                // Where even a step that hardly moves anything has no tube, none will.
                if (lanes_[l]->is_wide() && lanes_[l]->last_speed * before < hopeless_growth) {
                    failed_[l] = "no tube around the polynomial holds the set; it is too wide to carry";
                }
                shorter = true;
            }
        }
        if (!again) return;
        if (shorter) {
            engine_->set_domain(theta_.data());
            engine_->radii(nullptr);
            for (std::size_t l = 0; l < lanes; ++l) {
                keep_defect(l);
                if (active(l) && !settled_[l]) shrink_tube(l);
            }
        }
    }
    for (std::size_t l = 0; l < lanes; ++l) {
        if (active(l) && !settled_[l])
            failed_[l] = "no tube around the polynomial holds the set; it is too wide to carry";
    }
}

// A tube that follows the tangents. With v = x - P = Q(t) s + w, Q' = J~ Q + D_Q', P' = f(P) + D' and any s of the set:
// w' = J~ w + (J~ Q - Q') s - D', so |w| <= exp(h M+) (D_Q |s| + D), where D_Q holds for curves in the tube that v has
// not left yet. Q(t) s lies near its chord: within theta^2 / 8 of its largest second derivative,
//     |Q(t) s| <= max(|s|, |Q(theta) s|) + sum_k k (k - 1) / 8 |Q_k| theta^k |s|.
// Let e hold this + exp(h M+) (D + share) and more than 0 beyond. If D_Q |s| <= share with D_Q over the tube e, v is
// inside e at time 0 and cannot reach its border first. [] M+ is that of the tube found before, which v is known to
// stay in: e may be cut down to it. Rounding: Q(theta) by Horner 2k + 1 roundings a term, the products with the set 2
// (n + 4) u |Q| |s|; counted in the sum over k.
void LaneGroup::follow_tangents() {
    const std::size_t lanes = lanes_.size();
    factor_.resize(engine_->tangent_order() + 1);
    for (std::size_t k = 0; k < factor_.size(); ++k) {
        const double degree = static_cast<double>(k);
        factor_[k] = degree * (degree - 1.0) * 0.125 * slack +
                     0x1p-53 * (2.0 * degree + 1.0 + 2.0 * static_cast<double>(n_ + 4)) * slack;
    }
    engine_->tangent_sum(factor_.data(), curvature_.data());
    wide_ = reach_;
    for (std::size_t l = 0; l < lanes; ++l) {
        followed_[l] = active(l) && lanes_[l]->directions() <= 6 * n_ && lanes_[l]->tangent_share < 1e-2;
        if (!followed_[l]) continue;
        const FlowLane& lane = *lanes_[l];
        const std::vector<double>& size = lane.magnitude();
        share_[l] = lane.tangent_share * largest_magnitude(lane) + 2.0 * underflow;
        for (std::size_t i = 0; i < n_; ++i) inflow_[i] = (bare_defect_[i * lanes + l] + share_[l]) * slack + underflow;
        growth_[l].apply(inflow_.data(), needed_.data());
        gather(phi_, l, phi_of_.data(), n_ * n_);
        lane.image_magnitude(phi_of_.data(), column_.data());
        for (std::size_t i = 0; i < n_; ++i) {
            double e = std::max(size[i], column_[i]) + needed_[i];
            for (std::size_t c = 0; c < n_; ++c) e += curvature_[(i * n_ + c) * lanes + l] * size[c];
            e = e * slack + least_tube;
            double& reach = reach_[i * lanes + l];
            reach = e < reach ? e : reach;
        }
    }
}

double LaneGroup::largest_magnitude(const FlowLane& lane) {
    return *std::max_element(lane.magnitude().begin(), lane.magnitude().end());
}

// Whether D_Q |s| came out as assumed; where not, back to the tube before for this lane. Keeps what it saw for the next
// step.
bool LaneGroup::tangents_hold() {
    const std::size_t lanes = lanes_.size();
    bool all = true;
    for (std::size_t l = 0; l < lanes; ++l) {
        if (!active(l)) continue;
        FlowLane& lane = *lanes_[l];
        double largest = 0.0;
        for (std::size_t i = 0; i < n_; ++i) {
            double sum = 0.0;
            for (std::size_t c = 0; c < n_; ++c) sum += tangent_defect_[(i * n_ + c) * lanes + l] * lane.magnitude()[c];
            largest = sum < infinity ? std::max(largest, sum * slack + underflow) : infinity;
        }
        const double size = largest_magnitude(lane);
        const bool holds = !followed_[l] || largest <= share_[l];
        if (!holds) {
            all = false;
            followed_[l] = 0;
            for (std::size_t i = 0; i < n_; ++i) reach_[i * lanes + l] = wide_[i * lanes + l];
        }
        if (!(size > least_tube)) continue;  // a point
        const double share = 8.0 * largest / size;
        lane.tangent_share = share < 1.0 ? std::max(share, 1e-8) : 1.0;
    }
    return all;
}

void LaneGroup::shrink_tube(std::size_t l) {
    const std::size_t lanes = lanes_.size();
    FlowLane& lane = *lanes_[l];
    if (by_norm_) {
        lane.tube_ratio[0] = std::min(lane.tube_ratio[0], 1.6);
        guess_tube(l, 1.25);
        return;
    }
    for (std::size_t i = 0; i < n_; ++i) {
        const std::size_t j = i * lanes + l;
        tube_[j] = std::min(tube_[j], 2.0 * (lane.magnitude()[i] + bare_defect_[j]) + least_tube);
        if (!(tube_[j] < infinity)) tube_[j] = 2.0 * (lane.magnitude()[i] + bare_defect_[j]) + least_tube;
    }
}

}  // namespace capnode
