// A classifier over a plane of inputs: encoder, time-t map of a field, linear readout; and its margins over pieces of
// the plane.
//
// z in R^2 goes to x(0) = A z + b (x(0) = z where there is no encoder and the field has dimension 2), to x(t), and to
// the scores s_k = w_k . x(t) + b_k (readout.hpp). The flow is that of one field or of layers, or the iterates of maps.
//
// Theorem (image of a frame). A frame is the set { z = c + T (u, v) : |u| <= r_u, |v| <= r_v } of inputs. Where its
// image has the verdict `proved`, for every such (u, v), every parameter in its interval and every weight in the weight
// radius
//     x(t) in constant + slope (u, v)        (a member of `constant` of its own for every (u, v); flow.hpp, AffineForm)
//     x(t) in final,   d x(t) / d(u, v) in derivative.
// Proof. A z + b = c_0 + D (u, v) + e, with D the rounded A T and |e| <= |A c + b - c_0| + |A T - D| (r_u, r_v): the
// set is integrated as it is. The derivative is that of the flow, times A T. []
// A margin m = s_i - s_k then lies in  (w_i - w_k) . constant + b_i - b_k + ((w_i - w_k)^T slope) (u, v):  what u and v
// do to the components of x stays together, so that neither scores nor components cost width.
#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "capnode/dynamics/readout.hpp"
#include "capnode/flow/discrete_map.hpp"
#include "capnode/flow/layered_flow.hpp"
#include "capnode/numerics/interval.hpp"
#include "capnode/numerics/matrix.hpp"
#include "capnode/proof/verdict.hpp"

namespace capnode {

struct Classifier {
    std::vector<FlowLayer> layers;       // a flow; or
    std::vector<IterationStage> stages;  // the iterates of maps
    std::vector<Interval> parameter;
    double t0 = 0.0;
    Matrix encoder;              // A, dim x 2; empty: none
    std::vector<double> offset;  // b; empty: 0
    Readout readout;
    std::size_t order = 0;  // of the steps; 0: chosen
    double tolerance = 1e-12;

    bool discrete() const { return !stages.empty(); }
    const Field& first() const { return discrete() ? stages.front().map.field : layers.front().field; }
};

/// std::invalid_argument with both numbers where the classifier makes no sense: widths, a time of 0, numbers that are
/// not finite.
void check(const Classifier& classifier);

struct Frame {
    std::array<double, 2> centre{};
    std::array<double, 4> axes{1.0, 0.0, 0.0, 1.0};  // T by rows
    std::array<double, 2> radii{};

    /// The point c + T (u, v).
    std::array<Interval, 2> at(const Interval& u, const Interval& v) const;
    /// (u, v) of a point; the whole line where T is (nearly) singular.
    std::array<Interval, 2> coordinates(const std::array<Interval, 2>& z) const;
};

/// A frame that holds the box [lower_0, upper_0] x [lower_1, upper_1], given as lower_0, upper_0, lower_1, upper_1.
Frame frame_of(const std::array<double, 4>& box);

/// std::invalid_argument where i and k are no two classes with a curve of equal scores between them: the same class
/// twice, one that is not there, or two that are tied everywhere (readout.hpp).
void check_pair(const Classifier& classifier, std::size_t i, std::size_t k);

struct FrameImage {
    Verdict verdict = Verdict::no_convergence;  // nothing below holds unless it is `proved`
    std::string detail;
    std::vector<Interval> final;
    std::vector<Interval> constant;
    std::vector<std::array<Interval, 2>> slope;
    std::vector<std::array<Interval, 2>> derivative;  // where asked for
};

struct ImageOptions {
    bool derivative = false;
    double nonlinear_limit = infinity;  // as in FlowOptions
    std::size_t threads = 1;            // 0: as many as the machine has
    std::function<bool()> interrupted;  // polled from the calling thread; may be empty
};

/// In the order of `frames`.
std::vector<FrameImage> images(const Classifier& classifier, const std::vector<Frame>& frames,
                               const ImageOptions& options);

/// s_i - s_k over a frame: constant + slope (u, v), and its range over the whole frame.
struct FrameMargin {
    Interval constant;
    std::array<Interval, 2> slope;
    Interval range;
};
FrameMargin margin(const Classifier& classifier, const Frame& frame, const FrameImage& image, std::size_t i,
                   std::size_t k);
/// d (s_i - s_k) / d(u, v) over the frame.
std::array<Interval, 2> margin_derivative(const Classifier& classifier, const FrameImage& image, std::size_t i,
                                          std::size_t k);

/// By class, whether some input of the frame may belong to it: false only where another class has a larger score on all
/// of the frame. All true where the image is not proved.
std::vector<char> possible_classes(const Classifier& classifier, const Frame& frame, const FrameImage& image);

}  // namespace capnode
