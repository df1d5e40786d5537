// All tiles of a finished run in one archive, ftle.npz: every array tile by tile, so that the memory is that of a row
// of tiles and the bytes depend on the tiles alone.
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <functional>
#include <iterator>
#include <set>
#include <stdexcept>
#include <system_error>

#include <sys/stat.h>
#include <unistd.h>

#include "capnode/dynamics/ftle_run.hpp"
#include "npz.hpp"

namespace capnode {
namespace {

namespace fs = std::filesystem;

// A file under a temporary name that becomes `target` when it is complete.
class WholeFile {
  public:
    explicit WholeFile(const fs::path& target) : target_(target) {
        const fs::path folder = target.has_parent_path() ? target.parent_path() : fs::path(".");
        name_ = (folder / ".capnode-XXXXXX").string();
        const int descriptor = ::mkstemp(name_.data());
        file_ = descriptor < 0 ? nullptr : ::fdopen(descriptor, "w+b");
        if (file_ == nullptr) fail(descriptor < 0);
    }
    ~WholeFile() {
        if (file_ != nullptr) std::fclose(file_);
        if (!name_.empty()) ::unlink(name_.c_str());
    }
    WholeFile(const WholeFile&) = delete;
    WholeFile& operator=(const WholeFile&) = delete;

    void write(std::string_view bytes) {
        if (!bytes.empty() && std::fwrite(bytes.data(), 1, bytes.size(), file_) != bytes.size()) fail(false);
    }
    void write_at(std::uint64_t place, std::string_view bytes) {
        if (::fseeko(file_, static_cast<::off_t>(place), SEEK_SET) != 0) fail(false);
        write(bytes);
        if (::fseeko(file_, 0, SEEK_END) != 0) fail(false);
    }
    void finish() {
        if (std::fflush(file_) != 0 || ::fchmod(::fileno(file_), 0644) != 0 || ::fsync(::fileno(file_)) != 0)
            fail(false);
        std::FILE* const done = file_;
        file_ = nullptr;
        if (std::fclose(done) != 0 || ::rename(name_.c_str(), target_.c_str()) != 0) fail(false);
        name_.clear();
    }

  private:
    [[noreturn]] void fail(bool nothing_made) {
        const int error = errno;
        if (file_ != nullptr) std::fclose(file_);
        if (!nothing_made && !name_.empty()) ::unlink(name_.c_str());
        file_ = nullptr;
        name_.clear();
        throw fs::filesystem_error("cannot write the file", target_, std::error_code(error, std::generic_category()));
    }
    fs::path target_;
    std::string name_;
    std::FILE* file_ = nullptr;
};

template <class T>
std::string_view raw(const std::vector<T>& values) {
    return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

std::string_view raw(const std::string& text) { return text; }

std::string verdict_names() {
    std::string names;
#define CAPNODE_VERDICT_LINE(id, text) names += std::string(names.empty() ? "" : "\n") + #id;
    CAPNODE_VERDICTS(CAPNODE_VERDICT_LINE)
#undef CAPNODE_VERDICT_LINE
    return names;
}

// The CPU that a tile was computed on.
std::string tile_cpu(const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    const std::string bytes((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    const std::vector<std::uint8_t> cpu = npz::read(bytes)["cpu"].octets();
    return {cpu.begin(), cpu.end()};
}

class Merge {
  public:
    Merge(const fs::path& folder, const FtleSpec& spec)
        : folder_(folder),
          spec_(spec),
          digest_(digest(spec)),
          file_(folder / "ftle.npz"),
          archive_([this](auto b) { file_.write(b); }, [this](auto at, auto b) { file_.write_at(at, b); }) {}

    void run() {
        std::set<std::string> cpus;
        std::int64_t integrated = 0;
        std::string names;
        std::size_t leaves = 0;
        for_tiles([&](const FtleTile& tile) {
            integrated += static_cast<std::int64_t>(tile.integrated);
            leaves += tile.leaves.size();
            cpus.insert(tile_cpu(tile_path(folder_, tile.index)));
        });
        std::string cpu;
        for (const std::string& c : cpus) cpu += (cpu.empty() ? "" : "\n") + c;
        const Interval time = spec_.system.time();

        text("digest", digest_);
        text("specification", to_text(spec_));
        text("method", spec_.cells ? "cells" : "points");
        numbers("time", {time.lo, time.hi});
        text("cpu", cpu);
        for (const std::size_t axis : {0, 1}) {
            std::vector<double> lines(spec_.shape[axis] + (spec_.cells ? 1 : 0));
            for (std::size_t i = 0; i < lines.size(); ++i) lines[i] = grid_line(spec_, axis, i);
            numbers(axis == 0 ? "axis_0" : "axis_1", lines);
        }
        grid<double>("lower", "<f8", [](const FtleTile& t, std::size_t k) { return t.lower[k]; });
        grid<double>("upper", "<f8", [](const FtleTile& t, std::size_t k) { return t.upper[k]; });
        text("verdict_names", verdict_names());
        grid<std::uint8_t>("verdicts", "|u1",
                           [](const FtleTile& t, std::size_t k) { return static_cast<std::uint8_t>(t.verdicts[k]); });
        using Leaf = FtleTile::Leaf;
        archive_.begin("cell_boxes", "<f8", {leaves, 4});
        for_tiles([&](const FtleTile& tile) {
            for (const Leaf& leaf : tile.leaves)
                archive_.append({reinterpret_cast<const char*>(leaf.box.data()), sizeof leaf.box});
        });
        archive_.end();
        column<double>("cell_lower", "<f8", leaves, [](const FtleTile&, const Leaf& l) { return l.lower; });
        column<double>("cell_upper", "<f8", leaves, [](const FtleTile&, const Leaf& l) { return l.upper; });
        column<std::uint8_t>("cell_verdicts", "|u1", leaves,
                             [](const FtleTile&, const Leaf& l) { return static_cast<std::uint8_t>(l.verdict); });
        column<std::int64_t>("cell_parents", "<i8", leaves, [this](const FtleTile& t, const Leaf& l) {
            const std::size_t row = t.first[0] + l.parent / t.size[1];
            return static_cast<std::int64_t>(row * spec_.shape[1] + t.first[1] + l.parent % t.size[1]);
        });
        archive_.begin("integrated", "<i8", {});
        archive_.append({reinterpret_cast<const char*>(&integrated), sizeof integrated});
        archive_.end();
        archive_.finish();
        file_.finish();
    }

  private:
    FtleTile open(std::size_t index) const {
        std::optional<FtleTile> tile = read_ftle_tile(folder_, spec_, index, digest_);
        if (!tile) {
            throw std::invalid_argument("tile " + std::to_string(index) + " of " + folder_.string() +
                                        " is missing or damaged");
        }
        return std::move(*tile);
    }
    template <class F>
    void for_tiles(F f) const {
        for (std::size_t k = 0; k < tile_count(spec_); ++k) f(open(k));
    }
    void text(const char* name, const std::string& value) {
        archive_.begin(name, "|u1", {value.size()});
        archive_.append(raw(value));
        archive_.end();
    }
    void numbers(const char* name, const std::vector<double>& values) {
        archive_.begin(name, "<f8", {values.size()});
        archive_.append(raw(values));
        archive_.end();
    }
    // An array over the grid, a row of tiles at a time.
    template <class T, class Get>
    void grid(const char* name, const char* type, Get get) {
        const auto [rows, cols] = spec_.shape;
        archive_.begin(name, type, {rows, cols});
        for (std::size_t k = 0; k < tile_count(spec_);) {
            FtleTile tile = open(k);
            const std::size_t first = tile.first[0];
            std::vector<T> band(tile.size[0] * cols);
            while (true) {
                for (std::size_t i = 0; i < tile.size[0]; ++i) {
                    for (std::size_t j = 0; j < tile.size[1]; ++j)
                        band[i * cols + tile.first[1] + j] = get(tile, i * tile.size[1] + j);
                }
                if (++k == tile_count(spec_) || tile_range(spec_, k).first[0] != first) break;
                tile = open(k);
            }
            archive_.append(raw(band));
        }
        archive_.end();
    }
    template <class T, class Get>
    void column(const char* name, const char* type, std::size_t leaves, Get get) {
        archive_.begin(name, type, {leaves});
        for_tiles([&](const FtleTile& tile) {
            std::vector<T> values;
            values.reserve(tile.leaves.size());
            for (const FtleTile::Leaf& leaf : tile.leaves) values.push_back(get(tile, leaf));
            archive_.append(raw(values));
        });
        archive_.end();
    }

    fs::path folder_;
    const FtleSpec& spec_;
    std::string digest_;
    WholeFile file_;
    npz::Stream archive_;
};

}  // namespace

void write_ftle_field(const fs::path& folder, const FtleSpec& spec) { Merge(folder, spec).run(); }

}  // namespace capnode
