// Which classes the inputs of a rectangle belong to: cells proved to lie in one class, and for every other cell the
// set of classes that its inputs can reach.
//
// Theorem (one cell). Class k is possible in a cell unless some other class has a larger score at EVERY input of the
// cell (classifier.hpp). Where exactly one class is possible, every input of the cell belongs to it, for every
// parameter in its interval and every weight in the weight radius, and no input of the cell lies on a decision
// boundary.
//
// Cells. The rectangle is cut into shape[0] x shape[1] cells; those with several classes are quartered, level by level,
// up to `depth` times, as long as the number of integrated cells stays within `budget`. A class that is proved not to
// be reached from a cell is not reached from its quarters. Cuts are doubles shared by the neighbours: the cells that
// are left cover the rectangle. Verdicts of cells: proved (one class); tied (several, whose scores are equal everywhere
// by readout.hpp, so that no quarter would have fewer); too_wide (bounded, several classes); unbounded (the image is
// not bounded: nothing is known); interrupted.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "capnode/dynamics/classifier.hpp"

namespace capnode {

struct ClassMapOptions {
    std::size_t depth = 3;
    std::size_t budget = 1000000;  // cells integrated in all; the coarse ones always are
    std::size_t threads = 1;       // 0: as many as the machine has
    std::function<bool()> interrupted;
    std::function<void(std::size_t, std::size_t, std::size_t)> progress;  // level, done, cells of this level
};

struct ClassCell {
    std::array<double, 4> box{};  // z0 lower, z0 upper, z1 lower, z1 upper
    std::vector<char> possible;   // by class
    Verdict verdict = Verdict::no_convergence;
    std::uint32_t parent = 0;  // the coarse cell, by rows
    std::uint32_t level = 0;   // how often it was quartered
};

struct ClassMap {
    std::array<double, 4> box{};   // the rectangle
    std::vector<ClassCell> cells;  // no two overlap; they cover the rectangle
    std::size_t integrated = 0;
    bool out_of_budget = false;
};

/// Edge i of the coarse cells, i = 0, ..., cells.
double cell_edge(double lower, double upper, std::size_t cells, std::size_t i);

/// The four quarters; none where a side has no double inside.
std::vector<std::array<double, 4>> quarters(const std::array<double, 4>& box);

/// box as in ClassCell. std::invalid_argument with the numbers for a side that is not positive or a shape of 0.
ClassMap class_map(const Classifier& classifier, const std::array<double, 4>& box,
                   const std::array<std::size_t, 2>& shape, const ClassMapOptions& options);

/// Do the boxes together hold all of `box`? By comparisons of their ends alone.
bool cover(const std::array<double, 4>& box, std::vector<std::array<double, 4>> boxes);

/// The map whose cells are the given boxes, in their order: each is integrated once, none is quartered.
/// std::invalid_argument where they do not cover the rectangle.
ClassMap class_map_of_cells(const Classifier& classifier, const std::array<double, 4>& box,
                            const std::vector<std::array<double, 4>>& boxes, const ClassMapOptions& options);

/// The classes that the inputs of given cells, or of points, may reach.
std::vector<ClassCell> classify_cells(const Classifier& classifier, const std::vector<std::array<double, 4>>& boxes,
                                      const ClassMapOptions& options);

}  // namespace capnode
