#include "npz.hpp"

#include <array>
#include <bit>
#include <cstring>
#include <stdexcept>

namespace capnode::npz {
namespace {

static_assert(std::endian::native == std::endian::little, "tiles are written as the memory holds them");

constexpr std::uint32_t local_magic = 0x04034b50u, central_magic = 0x02014b50u, end_magic = 0x06054b50u;
constexpr std::uint16_t zip_date = 0x21;  // 1980-01-01
constexpr std::size_t local_size = 30, central_size = 46, end_size = 22;

template <class Integer>
void put(std::string& out, Integer value) {
    char bytes[sizeof value];
    std::memcpy(bytes, &value, sizeof value);
    out.append(bytes, sizeof value);
}

[[noreturn]] void fail(const char* what) { throw std::invalid_argument(std::string("not a whole tile: ") + what); }

template <class Integer>
Integer get(std::string_view bytes, std::size_t at) {
    if (at > bytes.size() || bytes.size() - at < sizeof(Integer)) fail("it is truncated");
    Integer value;
    std::memcpy(&value, bytes.data() + at, sizeof value);
    return value;
}

std::string_view part(std::string_view bytes, std::size_t at, std::size_t length) {
    if (at > bytes.size() || bytes.size() - at < length) fail("it is truncated");
    return bytes.substr(at, length);
}

template <class T>
std::string_view raw(const std::vector<T>& values) {
    return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

template <class T>
std::vector<T> values_of(const Array& a, const char* type) {
    if (a.type != type || a.bytes.size() != a.size() * sizeof(T)) fail("an array has another type");
    std::vector<T> values(a.size());
    if (!values.empty()) std::memcpy(values.data(), a.bytes.data(), a.bytes.size());
    return values;
}

}  // namespace

std::uint32_t crc32(std::string_view bytes, std::uint32_t before) {
    static const std::array<std::uint32_t, 256> table = [] {
        std::array<std::uint32_t, 256> t{};
        for (std::uint32_t i = 0; i < 256; ++i) {
            std::uint32_t c = i;
            for (int k = 0; k < 8; ++k) c = (c & 1u) ? 0xedb88320u ^ (c >> 1) : c >> 1;
            t[i] = c;
        }
        return t;
    }();
    std::uint32_t c = before ^ 0xffffffffu;
    for (const char b : bytes) c = table[(c ^ static_cast<unsigned char>(b)) & 0xffu] ^ (c >> 8);
    return c ^ 0xffffffffu;
}

namespace {

std::string array_header(const char* type, const std::vector<std::size_t>& shape) {
    std::string shape_text = "(";
    for (const std::size_t n : shape) shape_text += std::to_string(n) + ", ";
    if (shape.size() > 1) shape_text.resize(shape_text.size() - 2);
    if (shape.size() == 1) shape_text.resize(shape_text.size() - 1);
    shape_text += ")";
    std::string header =
        std::string("{'descr': '") + type + "', 'fortran_order': False, 'shape': " + shape_text + ", }";
    header.append((64 - (10 + header.size() + 1) % 64) % 64, ' ');
    header.push_back('\n');
    std::string body("\x93NUMPY\x01\x00", 8);
    put(body, static_cast<std::uint16_t>(header.size()));
    return body + header;
}

// What the local and the central header share.
std::string zip_header(const std::string& file, std::uint32_t checksum, std::uint64_t size) {
    std::string common;
    put(common, std::uint16_t{20});
    put(common, std::uint16_t{0});
    put(common, std::uint16_t{0});  // stored
    put(common, std::uint16_t{0});
    put(common, zip_date);
    put(common, checksum);
    put(common, static_cast<std::uint32_t>(size));
    put(common, static_cast<std::uint32_t>(size));
    put(common, static_cast<std::uint16_t>(file.size()));
    put(common, std::uint16_t{0});
    return common;
}

void put_central(std::string& directory, const std::string& common, std::uint64_t offset, const std::string& file) {
    put(directory, central_magic);
    put(directory, std::uint16_t{20});
    directory += common;
    put(directory, std::uint16_t{0});  // comment
    put(directory, std::uint16_t{0});  // disk
    put(directory, std::uint16_t{0});
    put(directory, std::uint32_t{0});
    put(directory, static_cast<std::uint32_t>(offset));
    directory += file;
}

void put_end(std::string& out, const std::string& directory, std::uint64_t offset, std::size_t entries) {
    out += directory;
    put(out, end_magic);
    put(out, std::uint16_t{0});
    put(out, std::uint16_t{0});
    put(out, static_cast<std::uint16_t>(entries));
    put(out, static_cast<std::uint16_t>(entries));
    put(out, static_cast<std::uint32_t>(directory.size()));
    put(out, static_cast<std::uint32_t>(offset));
    put(out, std::uint16_t{0});
}

constexpr std::uint64_t largest = 0xfffffff0u;  // bytes of an archive without zip64

}  // namespace

void Writer::entry(const std::string& name, const char* type, const std::vector<std::size_t>& shape,
                   std::string_view bytes) {
    std::string body = array_header(type, shape);
    body += bytes;
    if (body.size() > largest || out_.size() > largest - body.size())
        throw std::invalid_argument("a tile of more than 4 GB: make the tiles smaller");
    const std::string file = name + ".npy";
    const std::size_t offset = out_.size();
    const std::string common = zip_header(file, crc32(body), body.size());
    put(out_, local_magic);
    out_ += common + file + body;
    put_central(directory_, common, offset, file);
    ++entries_;
}

void Stream::begin(const std::string& name, const char* type, const std::vector<std::size_t>& shape) {
    file_ = name + ".npy";
    start_ = at_;
    size_ = 0;
    checksum_ = 0;
    put_out(std::string(local_size, '\0') + file_);  // the header is known at the end
    append(array_header(type, shape));
}

void Stream::append(std::string_view bytes) {
    checksum_ = crc32(bytes, checksum_);
    size_ += bytes.size();
    put_out(bytes);
}

void Stream::end() {
    if (at_ > largest) throw std::invalid_argument("a field of more than 4 GB in one file; its tiles hold it");
    const std::string common = zip_header(file_, checksum_, size_);
    std::string local;
    put(local, local_magic);
    write_at_(start_, local + common);
    put_central(directory_, common, start_, file_);
    ++entries_;
}

void Stream::finish() {
    std::string last;
    put_end(last, directory_, at_, entries_);
    put_out(last);
}

void Stream::put_out(std::string_view bytes) {
    at_ += bytes.size();
    write_(bytes);
}

void Writer::add(const std::string& name, const std::vector<std::size_t>& shape, const std::vector<double>& values) {
    entry(name, "<f8", shape, raw(values));
}
void Writer::add(const std::string& name, const std::vector<std::size_t>& shape,
                 const std::vector<std::int64_t>& values) {
    entry(name, "<i8", shape, raw(values));
}
void Writer::add(const std::string& name, const std::vector<std::size_t>& shape,
                 const std::vector<std::uint8_t>& values) {
    entry(name, "|u1", shape, raw(values));
}

std::string Writer::finish() {
    put_end(out_, directory_, out_.size(), entries_);
    return std::move(out_);
}

std::size_t Array::size() const {
    std::size_t n = 1;
    for (const std::size_t s : shape) {
        if (s != 0 && n > (std::size_t{1} << 40) / s) fail("an array is too large");
        n *= s;
    }
    return n;
}
std::vector<double> Array::doubles() const { return values_of<double>(*this, "<f8"); }
std::vector<std::int64_t> Array::integers() const { return values_of<std::int64_t>(*this, "<i8"); }
std::vector<std::uint8_t> Array::octets() const { return values_of<std::uint8_t>(*this, "|u1"); }

std::map<std::string, Array> read(std::string_view archive) {
    if (archive.size() < end_size) fail("it is truncated");
    const std::size_t end = archive.size() - end_size;
    if (get<std::uint32_t>(archive, end) != end_magic) fail("it does not end as it should");
    const std::size_t count = get<std::uint16_t>(archive, end + 10);
    std::size_t at = get<std::uint32_t>(archive, end + 16);
    std::map<std::string, Array> found;
    for (std::size_t k = 0; k < count; ++k) {
        if (get<std::uint32_t>(archive, at) != central_magic) fail("its directory is broken");
        const auto checksum = get<std::uint32_t>(archive, at + 16);
        const std::size_t size = get<std::uint32_t>(archive, at + 24);
        const std::size_t name_size = get<std::uint16_t>(archive, at + 28);
        const std::size_t local = get<std::uint32_t>(archive, at + 42);
        std::string name(part(archive, at + central_size, name_size));
        at += central_size + name_size;
        const std::string_view body = part(archive, local + local_size + name_size, size);
        if (crc32(body) != checksum) fail("a checksum differs");
        if (body.size() < 10 || body.substr(0, 8) != std::string_view("\x93NUMPY\x01\x00", 8)) fail("not an array");
        const std::size_t header_size = get<std::uint16_t>(body, 8);
        const std::string_view header = part(body, 10, header_size);
        Array a;
        const std::size_t type = header.find("'descr': '");
        const std::size_t shape = header.find("'shape': (");
        if (type == std::string_view::npos || shape == std::string_view::npos) fail("not an array");
        a.type = std::string(header.substr(type + 10, 3));
        std::size_t number = 0;
        bool any = false;
        for (std::size_t p = shape + 10; p < header.size(); ++p) {
            const char c = header[p];
            if (c >= '0' && c <= '9') {
                number = 10 * number + static_cast<std::size_t>(c - '0');
                any = true;
                continue;
            }
            if (any) a.shape.push_back(number);
            any = false;
            number = 0;
            if (c == ')') break;
        }
        a.bytes = body.substr(10 + header_size);
        if (name.size() > 4) name.resize(name.size() - 4);
        found[name] = std::move(a);
    }
    return found;
}

}  // namespace capnode::npz
