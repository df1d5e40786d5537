#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <system_error>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capnode/field/field_io.hpp"

namespace capnode {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const char* what, const fs::path& path, int error) {
    throw fs::filesystem_error(what, path, std::error_code(error, std::generic_category()));
}

// An open file that is closed, and removed unless it was kept.
class TemporaryFile {
  public:
    explicit TemporaryFile(const fs::path& target) : target_(target) {
        const fs::path folder = target.has_parent_path() ? target.parent_path() : fs::path(".");
        path_ = (folder / (".capnode-XXXXXX")).string();
        descriptor_ = ::mkstemp(path_.data());
        if (descriptor_ < 0) fail("cannot write a field file here", target, errno);
    }
    ~TemporaryFile() {
        if (descriptor_ >= 0) ::close(descriptor_);
        if (!kept_) ::unlink(path_.c_str());
    }
    TemporaryFile(const TemporaryFile&) = delete;
    TemporaryFile& operator=(const TemporaryFile&) = delete;

    void write(std::string_view text) {
        while (!text.empty()) {
            const ::ssize_t done = ::write(descriptor_, text.data(), text.size());
            if (done < 0 && errno == EINTR) continue;
            if (done < 0) fail("cannot write the field file", target_, errno);
            text.remove_prefix(static_cast<std::size_t>(done));
        }
    }

    void keep() {
        const ::mode_t mask = ::umask(0);
        ::umask(mask);
        if (::fchmod(descriptor_, 0666 & ~mask) != 0) fail("cannot write the field file", target_, errno);
        if (::fsync(descriptor_) != 0) fail("cannot write the field file", target_, errno);
        const int closed = ::close(descriptor_);
        descriptor_ = -1;
        if (closed != 0) fail("cannot write the field file", target_, errno);
        if (::rename(path_.c_str(), target_.c_str()) != 0) fail("cannot replace the field file", target_, errno);
        kept_ = true;
    }

  private:
    fs::path target_;
    std::string path_;
    int descriptor_ = -1;
    bool kept_ = false;
};

}  // namespace

void save(const Field& field, const fs::path& path) {
    const std::string text = to_text(field);
    TemporaryFile file(path);
    file.write(text);
    file.keep();
}

Field load(const fs::path& path) {
    std::error_code error;
    if (fs::is_directory(path, error)) fail("cannot read the field file", path, EISDIR);
    std::ifstream in(path, std::ios::binary);
    if (!in) fail("cannot read the field file", path, errno != 0 ? errno : ENOENT);
    std::string text;
    char buffer[65536];
    // A file that is no field file is not read to its end.
    for (bool first = true; in.read(buffer, sizeof buffer), in.gcount() > 0; first = false) {
        text.append(buffer, static_cast<std::size_t>(in.gcount()));
        if (first && !text.starts_with("capnode-field ")) break;
    }
    if (in.bad()) fail("cannot read the field file", path, EIO);
    try {
        return from_text(text);
    } catch (const FieldFormatError& e) {
        throw FieldFormatError(path.string() + ": " + e.what());
    }
}

}  // namespace capnode
