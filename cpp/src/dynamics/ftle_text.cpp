// The specification of an FTLE run as text and back: words parted by spaces, numbers in hex.
#include <charconv>
#include <cmath>
#include <stdexcept>

#include "capnode/dynamics/ftle_run.hpp"
#include "capnode/field/digest.hpp"

namespace capnode {
namespace {

constexpr std::string_view magic = "capnode-ftle 1";

std::string hex(double value) {
    char buffer[32];
    const auto result = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::hex);
    return std::string(buffer, result.ptr);
}

class Reader {
  public:
    Reader(std::string_view text, const std::vector<Field>& fields) : rest_(text), fields_(fields) {}

    std::string word() {
        const std::size_t begin = rest_.find_first_not_of(" \n");
        if (begin == std::string_view::npos) fail("it ends too early");
        const std::size_t end = rest_.find_first_of(" \n", begin);
        const std::string_view found = rest_.substr(begin, end == std::string_view::npos ? end : end - begin);
        rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end);
        return std::string(found);
    }
    void expect(std::string_view wanted) {
        const std::string found = word();
        if (found != wanted) fail("'" + found + "' stands where '" + std::string(wanted) + "' should");
    }
    double number() {
        const std::string text = word();
        double x = 0.0;
        const auto r = std::from_chars(text.data(), text.data() + text.size(), x, std::chars_format::hex);
        if (r.ec != std::errc{} || r.ptr != text.data() + text.size()) fail("'" + text + "' is no number");
        return x;
    }
    std::size_t count() {
        const std::string text = word();
        std::size_t x = 0;
        const auto r = std::from_chars(text.data(), text.data() + text.size(), x);
        if (r.ec != std::errc{} || r.ptr != text.data() + text.size()) fail("'" + text + "' is no count");
        return x;
    }
    std::size_t length() {  // of a list: no longer than the text
        const std::size_t n = count();
        if (n > rest_.size()) fail("a list of " + std::to_string(n) + " entries in a text of that length");
        return n;
    }
    const Field& field() {
        const std::string digest = word();
        for (const Field& f : fields_) {
            if (f.digest() == digest) return f;
        }
        fail("its field " + digest + " is missing");
    }
    void end() {
        expect("end");
        if (rest_.find_first_not_of(" \n") != std::string_view::npos) fail("something follows its end");
    }
    [[noreturn]] static void fail(const std::string& what) {
        throw std::invalid_argument("the specification of an FTLE run: " + what);
    }

  private:
    std::string_view rest_;
    const std::vector<Field>& fields_;
};

}  // namespace

std::vector<Field> fields_of(const FtleSpec& spec) {
    std::vector<Field> fields;
    const auto add = [&](const Field& f) {
        for (const Field& known : fields) {
            if (known == f) return;
        }
        fields.push_back(f);
    };
    for (const FlowLayer& layer : spec.system.layers) add(layer.field);
    for (const IterationStage& stage : spec.system.stages) add(stage.map.field);
    return fields;
}

std::string to_text(const FtleSpec& spec) {
    std::string out(magic);
    const auto word = [&](const std::string& w) { out += " " + w; };
    const auto number = [&](double x) { word(hex(x)); };
    const auto count = [&](std::size_t n) { word(std::to_string(n)); };
    const auto line = [&](const char* key) { out += std::string("\n") + key; };
    for (const FlowLayer& layer : spec.system.layers) {
        line("layer");
        word(layer.field.digest());
        number(layer.duration);
    }
    for (const IterationStage& stage : spec.system.stages) {
        line("map");
        word(stage.map.field.digest());
        count(stage.map.residual ? 1 : 0);
        number(stage.map.step);
        count(stage.steps);
    }
    line("parameter");
    count(spec.parameter.size());
    for (const Interval& p : spec.parameter) {
        number(p.lo);
        number(p.hi);
    }
    line("t0");
    number(spec.t0);
    line("encoder");
    count(spec.encoder.rows);
    for (const double a : spec.encoder.data) number(a);
    line("offset");
    count(spec.offset.size());
    for (const double b : spec.offset) number(b);
    line("box");
    for (const double x : {spec.lower[0], spec.lower[1], spec.upper[0], spec.upper[1]}) number(x);
    line("shape");
    count(spec.shape[0]);
    count(spec.shape[1]);
    line("method");
    word(spec.cells ? "cells" : "points");
    line("budget");
    count(spec.budget);
    line("width");
    number(spec.width);
    line("area_width");
    number(spec.area_width);
    line("tile");
    count(spec.tile[0]);
    count(spec.tile[1]);
    line("derivative_order");
    count(static_cast<std::size_t>(spec.derivative_order));
    line("set_degree");
    count(spec.set_degree);
    line("order");
    count(spec.order);
    line("tolerance");
    number(spec.tolerance);
    out += "\nend\n";
    return out;
}

FtleSpec ftle_spec_from_text(std::string_view text, const std::vector<Field>& fields) {
    Reader in(text, fields);
    FtleSpec spec;
    in.expect("capnode-ftle");
    in.expect("1");
    std::string key = in.word();
    for (; key == "layer" || key == "map"; key = in.word()) {
        const Field& field = in.field();
        if (key == "layer") {
            spec.system.layers.push_back({field, in.number()});
        } else {
            const bool residual = in.count() != 0;
            const double step = in.number();
            spec.system.stages.push_back({{field, residual, step}, in.count()});
        }
    }
    if (key != "parameter") Reader::fail("'" + key + "' stands where 'parameter' should");
    for (std::size_t n = in.length(); n > 0; --n) {
        const double lo = in.number();
        spec.parameter.emplace_back(lo, in.number());
    }
    in.expect("t0");
    spec.t0 = in.number();
    in.expect("encoder");
    const std::size_t rows = in.length();
    if (rows > 0) {
        spec.encoder = Matrix(rows, 2);
        for (double& a : spec.encoder.data) a = in.number();
    }
    in.expect("offset");
    spec.offset.assign(in.length(), 0.0);
    for (double& b : spec.offset) b = in.number();
    in.expect("box");
    for (double* x : {&spec.lower[0], &spec.lower[1], &spec.upper[0], &spec.upper[1]}) *x = in.number();
    in.expect("shape");
    for (std::size_t& n : spec.shape) n = in.count();
    in.expect("method");
    const std::string method = in.word();
    if (method != "cells" && method != "points") Reader::fail("the method '" + method + "'");
    spec.cells = method == "cells";
    in.expect("budget");
    spec.budget = in.count();
    in.expect("width");
    spec.width = in.number();
    in.expect("area_width");
    spec.area_width = in.number();
    in.expect("tile");
    for (std::size_t& n : spec.tile) n = in.count();
    in.expect("derivative_order");
    const std::size_t order = in.count();
    if (order > 2) Reader::fail("derivatives of order " + std::to_string(order));
    spec.derivative_order = static_cast<int>(order);
    in.expect("set_degree");
    spec.set_degree = in.count();
    in.expect("order");
    spec.order = in.count();
    in.expect("tolerance");
    spec.tolerance = in.number();
    in.end();
    check(spec);
    return spec;
}

std::string digest(const FtleSpec& spec) { return sha256_hex(to_text(spec)); }

}  // namespace capnode
