#include "capnode/dynamics/input_class.hpp"

#include <algorithm>
#include <cstdio>
#include <stdexcept>
#include <string>
#include <utility>

namespace capnode {

// The one place where the theorem is declared proved.
struct InputClassTheorem {
    static Result<InputClass> prove(InputClass value) {
        std::vector<Evidence> evidence;
        std::string undecided;
        for (std::size_t k = 0; k < value.margins.size(); ++k) {
            if (k == value.cls) continue;
            const Interval& m = value.margins[k];
            evidence.push_back({"margin over class " + std::to_string(k), m.lo, m.hi, ">", 0.0, 0.0, m.lo > 0.0});
            if (!(m.lo > 0.0) && undecided.empty()) undecided = describe(value.cls, k, m);
        }
        if (!undecided.empty() || evidence.empty())
            return Result<InputClass>::not_proved(Verdict::too_wide, std::move(undecided), std::move(evidence));
        return Result<InputClass>::make_proved(std::move(value), std::move(evidence));
    }

  private:
    static std::string describe(std::size_t c, std::size_t k, const Interval& m) {
        char text[160];
        std::snprintf(text, sizeof text, "class %zu is not told from class %zu: the margin lies in [%.6g, %.6g]", c, k,
                      m.lo, m.hi);
        return text;
    }
};

namespace {

// (w_c - w_k) . x + b_c - b_k over the set of the affine form.
Interval margin_over(const Readout& readout, const AffineForm& set, std::size_t c, std::size_t k) {
    Interval sum = Interval(readout.bias[c]) - Interval(readout.bias[k]);
    std::vector<Interval> row;
    for (std::size_t i = 0; i < readout.dim(); ++i) {
        row.push_back(Interval(readout.weight(c, i)) - Interval(readout.weight(k, i)));
        sum += row.back() * (Interval(set.centre[i]) + Interval(-set.rest[i], set.rest[i]));
    }
    for (std::size_t j = 0; j < set.radii.size(); ++j) {
        Interval slope(0.0);
        for (std::size_t i = 0; i < row.size(); ++i) slope += row[i] * Interval(set.directions(i, j));
        sum += slope * Interval(-set.radii[j], set.radii[j]);
    }
    return sum;
}

Result<InputClass> decide(const Readout& readout, std::vector<Interval> final, const AffineForm& set) {
    InputClass value;
    // a guess: the class at the middle
    double best = -infinity;
    for (std::size_t k = 0; k < readout.classes(); ++k) {
        double score = readout.bias[k];
        for (std::size_t i = 0; i < readout.dim(); ++i) score += readout.weight(k, i) * midpoint(final[i]);
        if (score > best) {
            best = score;
            value.cls = k;
        }
    }
    value.margins = margins(readout, final, value.cls);
    for (std::size_t k = 0; k < readout.classes(); ++k) {
        if (k == value.cls) continue;
        Interval& m = value.margins[k];
        if (const auto both = intersect(m, margin_over(readout, set, value.cls, k))) m = *both;
    }
    value.final = std::move(final);
    return InputClassTheorem::prove(std::move(value));
}

Result<InputClass> not_reached(Verdict verdict, std::string detail) {
    return Result<InputClass>::not_proved(verdict == Verdict::unbounded ? Verdict::lost : verdict, std::move(detail));
}

}  // namespace

Result<InputClass> input_class(const std::vector<FlowLayer>& layers, const Readout& readout, const InitialSet& start,
                               const FlowOptions& options) {
    if (layers.empty()) throw std::invalid_argument("there are 0 layers");
    check_readout(readout, layers.front().field.dim());
    FlowOptions own = options;
    own.affine_form = true;
    own.derivative = false;
    own.dense = false;
    const LayeredResult run = integrate_layers(layers, {start}, own).front();
    if (run.size() < layers.size() || run.back().verdict != Verdict::proved)
        return not_reached(run.back().verdict, run.back().detail);
    return decide(readout, run.back().final, run.back().affine);
}

Result<InputClass> input_class(const std::vector<IterationStage>& stages, const Readout& readout,
                               const InitialSet& start, const IterationOptions& options) {
    if (stages.empty()) throw std::invalid_argument("there are 0 maps to iterate");
    check_readout(readout, stages.front().map.field.dim());
    IterationOptions own = options;
    own.affine_form = true;
    own.derivative = false;
    const IterationResult run = iterate(stages, {start}, own).front();
    if (run.verdict != Verdict::proved) return not_reached(run.verdict, run.detail);
    return decide(readout, run.final, run.affine);
}

}  // namespace capnode
