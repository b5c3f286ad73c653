// The server's end of a TLS connection on loopback, and certificates for it.
#pragma once

#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

#include "core/net/loopback.hpp"

namespace costmark::net {

// A certificate that signed itself, with its key.
class Certificate {
 public:
  // `name`: its subjectAltName, such as "IP:127.0.0.1". It is good until `days` from now.
  explicit Certificate(const char* name, int days = 1)
      : key_(EVP_EC_gen("P-256"), &EVP_PKEY_free), certificate_(X509_new(), &X509_free) {
    X509* const made = certificate_.get();
    X509_set_version(made, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(made), 1);
    X509_gmtime_adj(X509_getm_notBefore(made), -10L * 86400);
    X509_gmtime_adj(X509_getm_notAfter(made), days * 86400L);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(made), "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>("costmark test"), -1, -1, 0);
    X509_set_issuer_name(made, X509_get_subject_name(made));
    X509_set_pubkey(made, key_.get());
    X509_EXTENSION* const names = X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, name);
    X509_add_ext(made, names, -1);
    X509_EXTENSION_free(names);
    X509_sign(made, key_.get(), EVP_sha256());
    char path[] = "/tmp/costmark-XXXXXX";
    const int fd = ::mkstemp(path);
    std::FILE* const file = fd < 0 ? nullptr : ::fdopen(fd, "w");
    if (file == nullptr || PEM_write_X509(file, made) != 1) {
      throw std::runtime_error("no certificate");
    }
    std::fclose(file);
    path_ = path;
  }
  ~Certificate() { ::unlink(path_.c_str()); }
  Certificate(const Certificate&) = delete;
  Certificate& operator=(const Certificate&) = delete;

  EVP_PKEY* key() const { return key_.get(); }
  X509* certificate() const { return certificate_.get(); }
  // The PEM file that trusts it.
  const std::string& path() const { return path_; }

 private:
  std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key_;
  std::unique_ptr<X509, decltype(&X509_free)> certificate_;
  std::string path_;
};

class TlsPeer {
 public:
  // Shakes hands. `protocol`: the one of ALPN that it takes, if the client offers it.
  TlsPeer(Peer& peer, const Certificate& own, std::string_view protocol = "http/1.1",
          int newest = TLS1_3_VERSION)
      : peer_(peer),
        protocol_(protocol),
        context_(SSL_CTX_new(TLS_server_method()), &SSL_CTX_free),
        ssl_(nullptr, &SSL_free) {
    SSL_CTX_set_security_level(context_.get(), 0);
    SSL_CTX_set_min_proto_version(context_.get(), TLS1_VERSION);
    SSL_CTX_set_max_proto_version(context_.get(), newest);
    SSL_CTX_use_certificate(context_.get(), own.certificate());
    SSL_CTX_use_PrivateKey(context_.get(), own.key());
    SSL_CTX_set_alpn_select_cb(context_.get(), &TlsPeer::choose, this);
    ssl_.reset(SSL_new(context_.get()));
    ::fcntl(peer.fd(), F_SETFL, ::fcntl(peer.fd(), F_GETFL) | O_NONBLOCK);
    BIO* const bio = BIO_new_socket(peer.fd(), BIO_NOCLOSE);
    SSL_set_bio(ssl_.get(), bio, bio);
    is_open_ = completed([this] { return SSL_accept(ssl_.get()); }) == 1;
  }

  bool is_open() const { return is_open_; }
  bool speaks_protocol() const { return is_chosen_; }

  // As those of Peer.
  std::string read_some() {
    char piece[4096];
    if (!is_open_) return {};
    const int got = completed([&] { return SSL_read(ssl_.get(), piece, sizeof piece); });
    if (got <= 0) said_goodbye_ = SSL_get_shutdown(ssl_.get()) == SSL_RECEIVED_SHUTDOWN;
    return got <= 0 ? std::string() : std::string(piece, static_cast<std::size_t>(got));
  }
  std::string read_request() {
    std::string text;
    while (!is_whole_request(text)) {
      const std::string piece = read_some();
      if (piece.empty()) return {};
      text += piece;
    }
    return text;
  }
  bool write(std::string_view text) {
    const int size = static_cast<int>(text.size());
    return is_open_ && completed([&] { return SSL_write(ssl_.get(), text.data(), size); }) > 0;
  }
  // Whether the client ended the connection with an alert, as it should.
  bool said_goodbye() const { return said_goodbye_; }

 private:
  // What `step` comes to. Bytes of TLS need not be bytes for the application: it waits for more,
  // until the test is over.
  template <class Step>
  int completed(Step step) {
    for (;;) {
      ERR_clear_error();
      const int result = step();
      if (result > 0) return result;
      const int why = SSL_get_error(ssl_.get(), result);
      if (why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE) return result;
      if (!peer_.wait(why == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT)) return 0;
    }
  }

  static int choose(SSL*, const unsigned char** out, unsigned char* out_size,
                    const unsigned char* offered, unsigned offered_size, void* self) {
    auto& peer = *static_cast<TlsPeer*>(self);
    for (unsigned at = 0; at < offered_size; at += 1U + offered[at]) {
      const std::string_view name(reinterpret_cast<const char*>(offered + at + 1), offered[at]);
      if (name != peer.protocol_) continue;
      *out = offered + at + 1;
      *out_size = offered[at];
      peer.is_chosen_ = true;
      return SSL_TLSEXT_ERR_OK;
    }
    return SSL_TLSEXT_ERR_NOACK;
  }

  const Peer& peer_;
  std::string protocol_;
  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_;
  std::unique_ptr<SSL, decltype(&SSL_free)> ssl_;
  bool is_open_ = false;
  bool is_chosen_ = false;
  bool said_goodbye_ = false;
};

}  // namespace costmark::net
