// A wide set in pieces: which to cut, across which direction, and when to stop. What is computed of a piece (its image
// under a flow, its return to a section) is the Task's:
//     Answer                           what becomes of a piece
//     run(sets) -> answers             proved
//     arrived(a), stopped(a), final(a), linear(a)
//                                      of an answer; linear: the image without what is not linear, a hint
//     helps(a)                         whether smaller pieces may do better where it did not arrive
//     image(points, p, a) -> points    in floating point: a hint
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "capnode/flow/split_flow.hpp"
#include "capnode/numerics/interval.hpp"
#include "capnode/numerics/matrix.hpp"
#include "set_cutter.hpp"

namespace capnode {

template <class Answer>
struct Piece {
    InitialSet set{};
    Answer answer{};
    bool done = false;
};

template <class Answer>
struct Pieces {
    std::vector<Piece<Answer>> pieces;
    std::size_t tried = 0;
    double excess = 0.0;
    bool out_of_budget = false;
};

/// The direction along which the images of floating samples depart most from a straight line, each component measured
/// in `width`; where they tell nothing, the widest.
template <class Task>
std::size_t direction_to_cut(const Task& task, const Cutter& cutter, const Piece<typename Task::Answer>& piece,
                             const std::vector<double>& width) {
    const InitialSet& s = piece.set;
    const std::size_t dim = s.centre.size();
    const std::size_t k = cutter.directions(s);
    const std::size_t states = k - s.parameter.size();
    std::vector<double> state(dim);
    std::vector<double> p(s.parameter.size());
    Matrix starts(2 * k + 1, dim);
    for (std::size_t j = 0; j <= k; ++j) {
        for (std::size_t side = 0; side < (j == k ? 1 : 2); ++side) {
            cutter.point(s, j, side == 0 ? -1.0 : 1.0, state.data(), p.data());
            std::copy(state.begin(), state.end(), starts.row(2 * j + side));
        }
    }
    for (std::size_t i = 0; i < p.size(); ++i) p[i] = midpoint(s.parameter[i]);
    Matrix end = task.image(starts, p, s, piece.answer);
    // Parameters differ from sample to sample only along their own directions: those run one by one.
    for (std::size_t j = states; j < k; ++j) {
        for (std::size_t side = 0; side < 2; ++side) {
            std::vector<double> q(p.size());
            cutter.point(s, j, side == 0 ? -1.0 : 1.0, state.data(), q.data());
            Matrix one(1, dim);
            std::copy(state.begin(), state.end(), one.row(0));
            const Matrix moved = task.image(one, q, s, piece.answer);
            std::copy(moved.row(0), moved.row(0) + dim, end.row(2 * j + side));
        }
    }
    std::size_t best = 0;
    double most = -1.0;
    for (std::size_t j = 0; j < k; ++j) {
        double bend = 0.0;
        double reach = 0.0;
        for (std::size_t i = 0; i < dim; ++i) {
            const double a = end(2 * j, i);
            const double b = end(2 * j + 1, i);
            const double c = end(2 * k, i);
            const double bent = std::fabs(a - 2.0 * c + b) / width[i];
            const double far = std::fabs(a - b) / width[i];
            bend = bent <= bend ? bend : bent;  // NaN wins
            reach = far <= reach ? reach : far;
        }
        double score = cutter.radius(s, j) > 0.0 ? bend + 0.02 * reach + 1e-300 : -1.0;
        if (!(bend < infinity) || !(reach < infinity)) score = cutter.radius(s, j);
        if (score > most) {
            most = score;
            best = j;
        }
    }
    return best;
}

template <class Task>
Pieces<typename Task::Answer> in_pieces(Task& task, const InitialSet& start, const SplitOptions& split) {
    using Answer = typename Task::Answer;
    const std::size_t dim = start.centre.size();
    const Cutter cutter(start);
    Pieces<Answer> result;
    std::vector<Piece<Answer>>& pieces = result.pieces;
    pieces.emplace_back();
    pieces[0].set = split.max_pieces > 1 ? cutter.prepared(start) : start;
    for (;;) {
        // What is new.
        std::vector<std::size_t> fresh;
        std::vector<InitialSet> sets;
        for (std::size_t q = 0; q < pieces.size(); ++q) {
            if (pieces[q].done) continue;
            fresh.push_back(q);
            sets.push_back(pieces[q].set);
        }
        std::vector<Answer> answers = task.run(sets);
        result.tried += fresh.size();
        for (std::size_t k = 0; k < fresh.size(); ++k) {
            pieces[fresh[k]].answer = std::move(answers[k]);
            pieces[fresh[k]].done = true;
        }
        // The hull of the linear parts of those that arrived.
        std::vector<double> lo(dim, infinity);
        std::vector<double> hi(dim, -infinity);
        bool stopped = false;
        for (const auto& piece : pieces) {
            const Answer& a = piece.answer;
            stopped = stopped || task.stopped(a) || (!task.arrived(a) && !task.helps(a));
            if (!task.arrived(a)) continue;
            for (std::size_t i = 0; i < dim; ++i) {
                lo[i] = std::min(lo[i], task.linear(a)[i].lo);
                hi[i] = std::max(hi[i], task.linear(a)[i].hi);
            }
        }
        std::vector<double> width(dim);
        for (std::size_t i = 0; i < dim; ++i) {
            width[i] = hi[i] > lo[i] && hi[i] - lo[i] < infinity ? hi[i] - lo[i] : 1.0;
        }
        std::vector<Piece<Answer>*> to_cut;
        double worst = 0.0;
        for (auto& piece : pieces) {
            const bool arrived = task.arrived(piece.answer);
            bool cut = !arrived;
            for (std::size_t i = 0; arrived && i < dim; ++i) {
                const Interval& x = task.final(piece.answer)[i];
                const double out = std::max(lo[i] - x.lo, x.hi - hi[i]);
                if (!(out > split.least * std::max(1.0, magnitude(x)))) continue;  // rounding alone: no cut helps
                worst = std::max(worst, out / width[i]);
                cut = cut || out / width[i] > split.excess;
            }
            bool wide = false;
            for (std::size_t j = 0; j < cutter.directions(piece.set); ++j) {
                // as thin as the rounding of its entries: what sticks out is rounding, whatever its size became
                wide = wide || cutter.radius(piece.set, j) > 1e-13 * cutter.magnitude(piece.set, j);
            }
            if (cut && wide) to_cut.push_back(&piece);
        }
        result.excess = worst;
        if (to_cut.empty() || stopped) break;
        if (result.tried + 2 * to_cut.size() > split.max_pieces) {
            result.out_of_budget = true;
            // Those that did not arrive come first, the others after them.
            const std::size_t room = (split.max_pieces - std::min(split.max_pieces, result.tried)) / 2;
            std::stable_partition(to_cut.begin(), to_cut.end(), [&](auto* p) { return !task.arrived(p->answer); });
            if (room == 0) break;
            to_cut.resize(std::min(room, to_cut.size()));
        }
        std::vector<Piece<Answer>> added;
        for (Piece<Answer>* piece : to_cut) {
            const std::size_t across = direction_to_cut(task, cutter, *piece, width);
            std::vector<InitialSet> halves = cutter.halves(piece->set, across);
            *piece = {};
            piece->set = std::move(halves[0]);
            added.emplace_back();
            added.back().set = std::move(halves[1]);
        }
        for (auto& piece : added) pieces.push_back(std::move(piece));
    }
    return result;
}

}  // namespace capnode
