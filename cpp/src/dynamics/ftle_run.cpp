#include "capnode/dynamics/ftle_run.hpp"

#include <cerrno>
#include <cstdio>
#include <fstream>
#include <stdexcept>
#include <system_error>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capnode/field/field_io.hpp"
#include "capnode/numerics/instruction_set.hpp"
#include "npz.hpp"

namespace capnode {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const char* what, const fs::path& path, int error) {
    throw fs::filesystem_error(what, path, std::error_code(error, std::generic_category()));
}

// The whole file or nothing, also after a crash: a temporary file in the same folder, flushed, renamed, and the folder
// flushed. The temporary name holds the process and a counter, so that writers side by side do not meet.
void write_whole(const fs::path& target, std::string_view bytes) {
    const fs::path folder = target.has_parent_path() ? target.parent_path() : fs::path(".");
    std::string temporary = (folder / (".capnode-XXXXXX")).string();
    const int file = ::mkstemp(temporary.data());
    if (file < 0) fail("cannot write here", target, errno);
    const auto give_up = [&](const char* what) {
        const int error = errno;
        ::close(file);
        ::unlink(temporary.c_str());
        fail(what, target, error);
    };
    while (!bytes.empty()) {
        const ::ssize_t done = ::write(file, bytes.data(), bytes.size());
        if (done < 0 && errno == EINTR) continue;
        if (done < 0) give_up("cannot write the file");
        bytes.remove_prefix(static_cast<std::size_t>(done));
    }
    if (::fchmod(file, 0644) != 0 || ::fsync(file) != 0) give_up("cannot write the file");
    if (::close(file) != 0) {
        const int error = errno;
        ::unlink(temporary.c_str());
        fail("cannot write the file", target, error);
    }
    if (::rename(temporary.c_str(), target.c_str()) != 0) {
        const int error = errno;
        ::unlink(temporary.c_str());
        fail("cannot replace the file", target, error);
    }
    const int directory = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY);
    if (directory >= 0) {
        ::fsync(directory);
        ::close(directory);
    }
}

std::optional<std::string> read_all(const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    if (!in) return std::nullopt;
    std::string bytes((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    if (in.bad()) return std::nullopt;
    return bytes;
}

// run.json: our own lines, valid JSON, read back by the same form.
std::string manifest(const FtleSpec& spec) {
    std::string text = "{\n  \"format\": \"capnode-ftle-run 1\",\n  \"digest\": \"" + digest(spec) + "\",\n";
    text += "  \"tiles\": " + std::to_string(tile_count(spec)) + ",\n  \"fields\": [";
    const std::vector<Field> fields = fields_of(spec);
    for (std::size_t k = 0; k < fields.size(); ++k) text += (k > 0 ? ", \"" : "\"") + fields[k].digest() + "\"";
    text += "],\n  \"specification\": [\n";
    const std::string lines = to_text(spec);
    for (std::size_t at = 0; at < lines.size();) {
        const std::size_t end = lines.find('\n', at);
        text += "    \"" + lines.substr(at, end - at) + "\"" + (end + 1 < lines.size() ? ",\n" : "\n");
        at = end + 1;
    }
    return text + "  ]\n}\n";
}

std::string quoted_after(const std::string& text, const std::string& key) {
    const std::size_t at = text.find("\"" + key + "\": \"");
    if (at == std::string::npos) return "";
    const std::size_t begin = at + key.size() + 5;
    const std::size_t end = text.find('"', begin);
    return end == std::string::npos ? "" : text.substr(begin, end - begin);
}

fs::path manifest_path(const fs::path& folder) { return folder / "run.json"; }
fs::path field_path(const fs::path& folder, std::size_t k) {
    return folder / ("field-" + std::to_string(k) + ".capnode");
}

// The names of the verdicts in the order of their numbers, one a line: numbers may change from version to version.
const std::vector<Verdict>& verdict_table() {
    static const std::vector<Verdict> table = {
#define CAPNODE_VERDICT_ENTRY(name, sentence) Verdict::name,
        CAPNODE_VERDICTS(CAPNODE_VERDICT_ENTRY)
#undef CAPNODE_VERDICT_ENTRY
    };
    return table;
}

std::string verdict_names() {
    std::string names;
    for (const Verdict v : verdict_table()) names += std::string(names.empty() ? "" : "\n") + name(v);
    return names;
}

std::vector<std::uint8_t> ascii(const std::string& text) { return {text.begin(), text.end()}; }

}  // namespace

std::string cpu_type() {
    static const std::string name = [] {
        std::ifstream in("/proc/cpuinfo");
        for (std::string line; std::getline(in, line);) {
            if (line.rfind("model name", 0) == 0) {
                const std::size_t colon = line.find(": ");
                if (colon != std::string::npos) return line.substr(colon + 2);
            }
        }
        return std::string("unknown");
    }();
    return name + ", " + instruction_set();
}

void open_ftle_run(const fs::path& folder, const FtleSpec& spec) {
    check(spec);
    if (const std::optional<std::string> old = read_all(manifest_path(folder))) {
        const std::string found = quoted_after(*old, "digest");
        const std::string wanted = digest(spec);
        if (found != wanted) {
            throw std::invalid_argument("the folder " + folder.string() + " holds another run: its digest is " +
                                        (found.empty() ? "unreadable" : found) + ", that of this run " + wanted);
        }
        return;
    }
    fs::create_directories(folder);
    const std::vector<Field> fields = fields_of(spec);
    for (std::size_t k = 0; k < fields.size(); ++k) write_whole(field_path(folder, k), to_text(fields[k]));
    write_whole(manifest_path(folder), manifest(spec));  // last: a folder with a manifest is complete
}

FtleSpec load_ftle_run(const fs::path& folder) {
    const std::optional<std::string> text = read_all(manifest_path(folder));
    if (!text) fail("no run of an FTLE field here", manifest_path(folder), errno != 0 ? errno : ENOENT);
    const std::string broken = manifest_path(folder).string() + ": not the manifest of an FTLE run";
    if (quoted_after(*text, "format") != "capnode-ftle-run 1") throw std::invalid_argument(broken);
    const std::size_t begin = text->find("\"specification\": [\n");
    if (begin == std::string::npos) throw std::invalid_argument(broken);
    std::string specification;
    for (std::size_t at = begin + 19; text->compare(at, 5, "    \"") == 0;) {
        const std::size_t end = text->find('"', at + 5);
        if (end == std::string::npos) throw std::invalid_argument(broken);
        specification += text->substr(at + 5, end - at - 5) + "\n";
        at = text->find('\n', end);
        if (at == std::string::npos) throw std::invalid_argument(broken);
        ++at;
    }
    std::vector<Field> fields;
    for (std::size_t k = 0; fs::exists(field_path(folder, k)); ++k) fields.push_back(load(field_path(folder, k)));
    FtleSpec spec = ftle_spec_from_text(specification, fields);
    if (digest(spec) != quoted_after(*text, "digest")) throw std::invalid_argument(broken + ": its digest differs");
    return spec;
}

fs::path tile_path(const fs::path& folder, std::size_t index) {
    char name[40];
    std::snprintf(name, sizeof name, "tile-%06zu.npz", index);
    return folder / name;
}

std::string ftle_tile_bytes(const FtleTile& tile, const std::string& digest) {
    npz::Writer out;
    const auto whole = [](std::size_t n) { return static_cast<std::int64_t>(n); };
    const std::vector<std::size_t> shape = {tile.size[0], tile.size[1]};
    const std::string cpu = cpu_type();
    out.add("digest", {digest.size()}, ascii(digest));
    out.add("index", {}, std::vector<std::int64_t>{whole(tile.index)});
    out.add("first", {2}, std::vector<std::int64_t>{whole(tile.first[0]), whole(tile.first[1])});
    out.add("shape", {2}, std::vector<std::int64_t>{whole(tile.size[0]), whole(tile.size[1])});
    out.add("cpu", {cpu.size()}, ascii(cpu));
    out.add("lower", shape, tile.lower);
    out.add("upper", shape, tile.upper);
    const std::string names = verdict_names();
    out.add("verdict_names", {names.size()}, ascii(names));
    std::vector<std::uint8_t> verdicts;
    for (const Verdict v : tile.verdicts) verdicts.push_back(static_cast<std::uint8_t>(v));
    out.add("verdicts", shape, verdicts);
    std::vector<double> boxes;
    std::vector<double> lower;
    std::vector<double> upper;
    std::vector<std::int64_t> parents;
    verdicts.clear();
    for (const FtleTile::Leaf& leaf : tile.leaves) {
        boxes.insert(boxes.end(), leaf.box.begin(), leaf.box.end());
        lower.push_back(leaf.lower);
        upper.push_back(leaf.upper);
        verdicts.push_back(static_cast<std::uint8_t>(leaf.verdict));
        parents.push_back(leaf.parent);
    }
    const std::size_t m = tile.leaves.size();
    out.add("cell_boxes", {m, 4}, boxes);
    out.add("cell_lower", {m}, lower);
    out.add("cell_upper", {m}, upper);
    out.add("cell_verdicts", {m}, verdicts);
    out.add("cell_parents", {m}, parents);
    out.add("integrated", {}, std::vector<std::int64_t>{whole(tile.integrated)});
    return out.finish();
}

void write_ftle_tile(const fs::path& folder, const FtleTile& tile, const std::string& digest) {
    for (const Verdict v : tile.verdicts) {
        if (v == Verdict::interrupted) throw std::invalid_argument("an interrupted tile is not kept");
    }
    write_whole(tile_path(folder, tile.index), ftle_tile_bytes(tile, digest));
}

std::optional<FtleTile> read_ftle_tile(const fs::path& folder, const FtleSpec& spec, std::size_t index,
                                       const std::string& digest) {
    FtleTile tile = tile_range(spec, index);
    const std::optional<std::string> bytes = read_all(tile_path(folder, index));
    if (!bytes) return std::nullopt;
    std::map<std::string, npz::Array> arrays;
    try {
        arrays = npz::read(*bytes);
    } catch (const std::invalid_argument&) {
        return std::nullopt;  // not whole: computed again
    }
    const auto octets = [&](const char* name) { return arrays[name].octets(); };
    const auto doubles = [&](const char* name) { return arrays[name].doubles(); };
    const auto verdicts = [&](const char* key) {
        std::vector<Verdict> meaning;
        std::string word;
        std::vector<std::uint8_t> names = octets("verdict_names");
        names.push_back('\n');
        for (const std::uint8_t c : names) {
            if (c != '\n') {
                word.push_back(static_cast<char>(c));
                continue;
            }
            for (const Verdict v : verdict_table()) {
                if (word == name(v)) meaning.push_back(v);
            }
            word.clear();
        }
        std::vector<Verdict> list;
        for (const std::uint8_t v : octets(key)) list.push_back(meaning.at(v));
        return list;
    };
    std::string found;
    try {
        for (const std::uint8_t c : octets("digest")) found.push_back(static_cast<char>(c));
        if (found == digest) {
            tile.lower = doubles("lower");
            tile.upper = doubles("upper");
            tile.verdicts = verdicts("verdicts");
            const std::vector<double> boxes = doubles("cell_boxes");
            const std::vector<double> lower = doubles("cell_lower");
            const std::vector<double> upper = doubles("cell_upper");
            const std::vector<Verdict> states = verdicts("cell_verdicts");
            const std::vector<std::int64_t> parents = arrays["cell_parents"].integers();
            const std::size_t m = lower.size();
            const std::size_t count = tile.size[0] * tile.size[1];
            if (boxes.size() != 4 * m || upper.size() != m || states.size() != m || parents.size() != m ||
                tile.lower.size() != count || tile.upper.size() != count || tile.verdicts.size() != count) {
                return std::nullopt;
            }
            for (std::size_t k = 0; k < m; ++k) {
                tile.leaves.push_back({{boxes[4 * k], boxes[4 * k + 1], boxes[4 * k + 2], boxes[4 * k + 3]},
                                       lower[k],
                                       upper[k],
                                       states[k],
                                       static_cast<std::uint32_t>(parents[k])});
            }
            const std::vector<std::int64_t> integrated = arrays["integrated"].integers();
            tile.integrated = static_cast<std::size_t>(integrated.at(0));
        }
    } catch (const std::exception&) {
        return std::nullopt;
    }
    if (found != digest) {
        throw std::invalid_argument(tile_path(folder, index).string() + " belongs to another run: its digest is " +
                                    found + ", that of this run " + digest);
    }
    return tile;
}

std::vector<std::size_t> missing_ftle_tiles(const fs::path& folder, const FtleSpec& spec) {
    std::vector<std::size_t> missing;
    const std::string d = digest(spec);
    for (std::size_t k = 0; k < tile_count(spec); ++k) {
        if (!read_ftle_tile(folder, spec, k, d)) missing.push_back(k);
    }
    return missing;
}

}  // namespace capnode
