// NumPy archives, the part of them that a deterministic writer and its own reader need: a zip of stored (uncompressed)
// .npy entries, every time 1980-01-01, no extra fields, little-endian.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace capnode::npz {

/// CRC-32 as zip has it.
std::uint32_t crc32(std::string_view bytes);

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
