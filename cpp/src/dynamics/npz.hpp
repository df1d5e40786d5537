// NumPy archives, the part of them that a deterministic writer and its own reader need: a zip of stored (uncompressed)
// .npy entries, every time 1980-01-01, no extra fields, little-endian.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace capnode::npz {

/// CRC-32 as zip has it, of bytes that follow those with the checksum `before`.
std::uint32_t crc32(std::string_view bytes, std::uint32_t before = 0);

class Writer {
  public:
    void add(const std::string& name, const std::vector<std::size_t>& shape, const std::vector<double>& values);
    void add(const std::string& name, const std::vector<std::size_t>& shape, const std::vector<std::int64_t>& values);
    void add(const std::string& name, const std::vector<std::size_t>& shape, const std::vector<std::uint8_t>& values);
    /// The whole archive; call once, last.
    std::string finish();

  private:
    void entry(const std::string& name, const char* type, const std::vector<std::size_t>& shape,
               std::string_view bytes);
    std::string out_, directory_;
    std::size_t entries_ = 0;
};

/// The same archive written array by array and piece by piece into a file.
class Stream {
  public:
    using Write = std::function<void(std::string_view)>;
    using WriteAt = std::function<void(std::uint64_t, std::string_view)>;  // then the file goes on at its end
    Stream(Write write, WriteAt write_at) : write_(std::move(write)), write_at_(std::move(write_at)) {}
    void begin(const std::string& name, const char* type, const std::vector<std::size_t>& shape);
    void append(std::string_view bytes);
    void end();
    /// Call once, last.
    void finish();

  private:
    void put_out(std::string_view bytes);
    Write write_;
    WriteAt write_at_;
    std::string file_, directory_;
    std::uint64_t at_ = 0, start_ = 0, size_ = 0;
    std::uint32_t checksum_ = 0;
    std::size_t entries_ = 0;
};

struct Array {
    std::string type;  // "<f8", "<i8", "|u1"
    std::vector<std::size_t> shape;
    std::string_view bytes;  // of the archive's text

    std::size_t size() const;
    std::vector<double> doubles() const;
    std::vector<std::int64_t> integers() const;
    std::vector<std::uint8_t> octets() const;
};

/// Entries by name without ".npy". Throws std::invalid_argument where the archive is not whole (lengths, checksums) or
/// not of this form.
std::map<std::string, Array> read(std::string_view archive);

}  // namespace capnode::npz
