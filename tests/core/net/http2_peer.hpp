// The server's end of an HTTP/2 connection, as far as tests need one (RFC 9113).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace costmark::net {

// Over anything that has `read_some` and `write`.
template <class Channel>
class Http2Peer {
 public:
  explicit Http2Peer(Channel& channel) : channel_(channel) {}

  // Waits for a whole request and returns its stream; 0 when the client is gone.
  std::uint32_t read_request() {
    if (!is_greeted_ && !greet()) return 0;
    for (;;) {
      const std::string head = take(9);
      if (head.size() < 9) return 0;
      const auto byte = [&head](std::size_t i) { return static_cast<unsigned char>(head[i]); };
      const std::size_t size = (std::size_t{byte(0)} << 16U) | (byte(1) << 8U) | byte(2);
      const std::uint32_t stream =
          (std::uint32_t{byte(5)} << 24U) | (byte(6) << 16U) | (byte(7) << 8U) | byte(8);
      const std::string payload = take(size);
      if (payload.size() < size) return 0;
      const bool is_reply = (byte(4) & 1U) != 0;
      switch (byte(3)) {
        case data:
        case headers:
          if (byte(3) == data && size > 0) {
            window_update(0, size);
            window_update(stream, size);
          }
          if (is_reply) return stream;  // the flag END_STREAM
          break;
        case reset:
          ++resets_;
          break;
        case settings:
          if (!is_reply) frame(settings, 1, 0, {});
          break;
        case ping:
          if (!is_reply) frame(ping, 1, 0, payload);
          break;
        case go_away:
          return 0;
        default:
          break;
      }
    }
  }

  // The head of an answer with status 200.
  bool write_head(std::uint32_t stream, std::string_view content_type) {
    std::string block("\x88\x0f\x10", 3);  // :status 200; content-type, not indexed
    block += static_cast<char>(content_type.size());
    block += content_type;
    return frame(headers, 4, stream, block);
  }
  bool write_body(std::uint32_t stream, std::string_view piece, bool last) {
    return frame(data, last ? 1 : 0, stream, piece);
  }
  bool write_reset(std::uint32_t stream, char code) {
    return frame(reset, 0, stream, std::string("\0\0\0", 3) + code);
  }
  // Streams above `last` were not looked at.
  bool write_go_away(std::uint32_t last) {
    std::string payload;
    put(payload, last, 4);
    put(payload, 0, 4);  // NO_ERROR
    return frame(go_away, 0, 0, payload);
  }
  std::size_t resets() const { return resets_; }

 private:
  enum Type : unsigned char {
    data = 0,
    headers = 1,
    reset = 3,
    settings = 4,
    ping = 6,
    go_away = 7,
    window = 8
  };

  bool greet() {
    is_greeted_ = true;
    if (take(24) != "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n") return false;
    return frame(settings, 0, 0, {});
  }

  std::string take(std::size_t size) {
    while (buffer_.size() < size) {
      const std::string piece = channel_.read_some();
      if (piece.empty()) return {};
      buffer_ += piece;
    }
    std::string out = buffer_.substr(0, size);
    buffer_.erase(0, size);
    return out;
  }

  static void put(std::string& out, std::size_t value, int bytes) {
    for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) {
      out += static_cast<char>((value >> static_cast<unsigned>(shift)) & 0xFFU);
    }
  }

  void window_update(std::uint32_t stream, std::size_t size) {
    std::string payload;
    put(payload, size, 4);
    frame(window, 0, stream, payload);
  }

  bool frame(Type type, unsigned flags, std::uint32_t stream, std::string_view payload) {
    std::string out;
    put(out, payload.size(), 3);
    put(out, type, 1);
    put(out, flags, 1);
    put(out, stream, 4);
    out += payload;
    return channel_.write(out);
  }

  Channel& channel_;
  std::string buffer_;
  std::size_t resets_ = 0;
  bool is_greeted_ = false;
};

}  // namespace costmark::net
