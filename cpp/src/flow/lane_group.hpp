// A group of lanes stepping side by side through one engine, each with its own step and time. A lane without a
// trajectory repeats the state of another one.
//
// A step: coefficients; a length from the last of them; shorter until the defect is small; a tube that holds (theorem
// in flow.hpp), shorter where none does; tangents; the sets. In large systems norms replace components: the tube is a
// ball, and what a step adds to the sets is a ball. A group in tube mode (every lane a point, no derivative wanted,
// large system) computes no tangents; it leaves that mode for good as soon as one lane's tube has grown by
// exp(tube_limit), that is, may have lost tube_limit / ln 10 digits against the sets.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

#include "capnode/flow/flow.hpp"
#include "capnode/flow/layered_flow.hpp"
#include "capnode/flow/step_engine.hpp"
#include "flow_lane.hpp"
#include "growth.hpp"

namespace capnode {

/// All throw std::invalid_argument with the numbers.
void check_initial_set(const Field& field, const InitialSet& start, double duration);
void check_flow_options(const FlowOptions& options);
void check_layers(const std::vector<FlowLayer>& layers);
/// Programs with the same rows: all with a row for time where one has it.
std::vector<std::shared_ptr<const TaylorProgram>> layer_programs(const std::vector<FlowLayer>& layers);

class LaneGroup {
  public:
    static constexpr double tube_limit = 4.0;

    LaneGroup(std::shared_ptr<const TaylorProgram> program, std::size_t lanes, std::size_t order, bool tube,
              const FlowOptions& options);

    /// The order asked for, or where that is 0 the one for systems of n rows.
    static std::size_t order_for(std::size_t n, std::size_t asked) { return asked != 0 ? asked : n <= 8 ? 18 : 20; }

    /// Whether systems of n rows are large: norms in place of components.
    static bool by_norm(std::size_t n) { return !Growth::componentwise(n); }

    std::vector<FlowLane*>& lanes() { return lanes_; }
    /// Why lane l could not go on in the last step, or null.
    const char* failure(std::size_t l) const { return failed_[l]; }
    /// One step of every lane that has a trajectory. False where stop_when() said so on the way; then none has moved.
    bool step();
    /// Threads for the columns of the tangents, where there are many; results do not depend on it.
    void use_threads(std::size_t threads);
    /// Asked inside of long steps.
    void stop_when(std::function<bool()> stop) { stop_ = std::move(stop); }

    const StepEngine& engine() const { return *engine_; }
    double length(std::size_t l) const { return theta_[l] * scale_[l]; }
    double scale(std::size_t l) const { return scale_[l]; }
    /// What the set grows to inside the step, proved to lie inside the tube.
    double reach(std::size_t i, std::size_t l) const { return reach_[i * lanes_.size() + l]; }
    /// The last step of lane l, which ended at the time `end`; without the enclosure at the end.
    FlowStep record(std::size_t l, std::size_t dim, double end) const;
    bool in_tube_mode() const { return tube_mode_; }
    /// What the last step handed to its lane; valid until the next one, for groups of one lane in the mode of sets.
    const FlowLane::Step& taken() const { return taken_; }

  private:
    void make_engine();
    void choose_length(std::size_t l);
    double local_tolerance() const;
    void set_length(std::size_t l, double length);
    bool active(std::size_t l) const { return lanes_[l] && !failed_[l]; }
    double length_of(std::size_t l) const;
    double size_of(std::size_t l) const;
    double largest_defect(std::size_t l) const;
    void shorten_until_defect_is_small();
    void keep_defect(std::size_t l);
    void shorten_until_tube_holds();
    void guess_tube(std::size_t l, double factor);
    bool tube_holds(std::size_t l, double& excess);
    void set_growth_by_norm(std::size_t l);
    void shrink_tube(std::size_t l);
    bool follows_tangents() const;
    void follow_tangents();
    bool tangents_hold();
    static double largest_magnitude(const FlowLane& lane);
    void advance(std::size_t l);
    void gather(const AlignedVector& from, std::size_t l, double* to, std::size_t count) const;

    std::shared_ptr<const TaylorProgram> program_;
    const FlowOptions& options_;
    std::size_t n_, order_;
    bool by_norm_, tube_mode_;
    std::unique_ptr<StepEngine> engine_;
    std::vector<FlowLane*> lanes_;
    std::vector<double> scale_, theta_;
    std::vector<const char*> failed_;
    std::vector<char> settled_, followed_;
    std::vector<int> tries_;
    std::vector<double> previous_, share_;
    std::vector<double> bare_norm_;                 // bounds the integral of |P' - f(P)|_2
    std::vector<Growth> growth_;                    // by components
    std::vector<double> exponent_, mean_exponent_;  // by norm: h max mu_2 (clipped at 0), integral of mu_2
    const double* jacobian_centre_ = nullptr;       // of the engine
    std::vector<double> jacobian_largest_, jacobian_average_;
    std::vector<double> inflow_, needed_, bare_, centre_, centre_error_, lead_of_, rest_of_, phi_of_, phi_error_of_,
        tangent_defect_of_, column_;
    AlignedVector bare_defect_, tube_, reach_, value_, value_error_, lead_, rest_, jacobian_mid_, jacobian_rad_,
        tangent_defect_, phi_, phi_error_, curvature_, wide_;
    std::vector<double> factor_;
    LogNormWork log_norm_work_;
    FlowLane::Scratch scratch_;
    std::unique_ptr<FlowLane> spare_;
    std::function<bool()> stop_;
    FlowLane::Step taken_;
    std::size_t threads_ = 1;
};

}  // namespace capnode
