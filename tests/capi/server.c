#ifndef _POSIX_C_SOURCE
#define _POSIX_C_SOURCE 200112L
#endif
#include "server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

enum { most_open = 256 };

struct server {
  server_handler handler;
  void *user_data;
  int socket;
  int port;
  pthread_t thread;
  pthread_mutex_t mutex;
  pthread_cond_t changed;
  /* Under the mutex: */
  int open[most_open]; /* sockets, -1 for a free place */
  int running;         /* threads of connections */
  int connections;
  int requests;
  bool stopping;
};

typedef struct {
  server *owner;
  int socket;
  int place;
} peer;

/* What was read of a connection and is not used up. */
typedef struct {
  char *data;
  size_t len;
  size_t capacity;
} buffer;

static bool fill(int from, buffer *in) {
  ssize_t got;
  if (in->capacity - in->len < 4097) {
    const size_t capacity = in->capacity == 0 ? 16384 : in->capacity * 2;
    char *grown = (char *)realloc(in->data, capacity);
    if (grown == NULL) return false;
    in->data = grown;
    in->capacity = capacity;
  }
  got = recv(from, in->data + in->len, in->capacity - in->len - 1, 0);
  if (got <= 0) return false;
  in->len += (size_t)got;
  in->data[in->len] = '\0';
  return true;
}

static size_t content_length(const char *fields) {
  const char *line = fields;
  while ((line = strstr(line, "\r\n")) != NULL) {
    line += 2;
    if (strncasecmp(line, "content-length:", 15) == 0) return strtoul(line + 15, NULL, 10);
  }
  return 0;
}

/* Serves one request; false when the connection is to be closed. */
static bool serve(peer *self, buffer *in) {
  server_request request;
  size_t head_len, body_len;
  char *end, *target, *version, kept;
  bool keep;
  while (in->len == 0 || (end = strstr(in->data, "\r\n\r\n")) == NULL) {
    if (!fill(self->socket, in)) return false;
  }
  head_len = (size_t)(end - in->data) + 4;
  body_len = content_length(in->data);
  while (in->len < head_len + body_len) {
    if (!fill(self->socket, in)) return false;
  }
  target = strchr(in->data, ' ');
  version = target == NULL ? NULL : strchr(target + 1, ' ');
  if (version == NULL) return false;
  *target++ = '\0';
  *version++ = '\0';
  in->data[head_len - 2] = '\0';
  kept = in->data[head_len + body_len];
  in->data[head_len + body_len] = '\0';
  request.method = in->data;
  request.target = target;
  request.fields = strstr(version, "\r\n");
  request.body = in->data + head_len;
  request.body_len = body_len;
  pthread_mutex_lock(&self->owner->mutex);
  request.number = ++self->owner->requests;
  pthread_mutex_unlock(&self->owner->mutex);
  keep = self->owner->handler(self->owner->user_data, &request, self->socket);
  in->data[head_len + body_len] = kept;
  in->len -= head_len + body_len;
  memmove(in->data, in->data + head_len + body_len, in->len + 1);
  return keep;
}

static void *run_connection(void *argument) {
  peer *self = (peer *)argument;
  server *owner = self->owner;
  buffer in = {NULL, 0, 0};
  while (serve(self, &in)) {
  }
  free(in.data);
  pthread_mutex_lock(&owner->mutex);
  owner->open[self->place] = -1;
  close(self->socket);
  --owner->running;
  pthread_cond_signal(&owner->changed);
  pthread_mutex_unlock(&owner->mutex);
  free(self);
  return NULL;
}

static void accept_one(server *self, int accepted) {
  static const int on = 1;
  peer *made = (peer *)malloc(sizeof *made);
  pthread_t thread;
  int place = 0;
  while (place < most_open && self->open[place] >= 0) ++place;
  if (made == NULL || self->stopping || place == most_open) {
    free(made);
    close(accepted);
    return;
  }
  setsockopt(accepted, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  made->owner = self;
  made->socket = accepted;
  made->place = place;
  self->open[place] = accepted;
  ++self->connections;
  ++self->running;
  if (pthread_create(&thread, NULL, run_connection, made) == 0) {
    pthread_detach(thread);
    return;
  }
  self->open[place] = -1;
  --self->running;
  close(accepted);
  free(made);
}

static void *run_server(void *argument) {
  server *self = (server *)argument;
  for (;;) {
    const int accepted = accept(self->socket, NULL, NULL);
    if (accepted < 0) return NULL;
    pthread_mutex_lock(&self->mutex);
    accept_one(self, accepted);
    pthread_mutex_unlock(&self->mutex);
  }
}

server *server_start(server_handler handler, void *user_data) {
  server *self = (server *)calloc(1, sizeof *self);
  struct sockaddr_in address;
  socklen_t len = sizeof address;
  int i;
  memset(&address, 0, sizeof address);
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  self->handler = handler;
  self->user_data = user_data;
  self->socket = socket(AF_INET, SOCK_STREAM, 0);
  if (self->socket < 0 || bind(self->socket, (struct sockaddr *)&address, len) != 0 ||
      listen(self->socket, 128) != 0 ||
      getsockname(self->socket, (struct sockaddr *)&address, &len) != 0) {
    free(self);
    return NULL;
  }
  self->port = ntohs(address.sin_port);
  for (i = 0; i < most_open; ++i) self->open[i] = -1;
  pthread_mutex_init(&self->mutex, NULL);
  pthread_cond_init(&self->changed, NULL);
  pthread_create(&self->thread, NULL, run_server, self);
  return self;
}

void server_stop(server *self) {
  int i;
  if (self == NULL) return;
  pthread_mutex_lock(&self->mutex);
  self->stopping = true;
  for (i = 0; i < most_open; ++i) {
    if (self->open[i] >= 0) shutdown(self->open[i], SHUT_RDWR);
  }
  pthread_mutex_unlock(&self->mutex);
  shutdown(self->socket, SHUT_RDWR); /* wakes accept() */
  pthread_join(self->thread, NULL);
  close(self->socket);
  pthread_mutex_lock(&self->mutex);
  while (self->running > 0) pthread_cond_wait(&self->changed, &self->mutex);
  pthread_mutex_unlock(&self->mutex);
  pthread_mutex_destroy(&self->mutex);
  pthread_cond_destroy(&self->changed);
  free(self);
}

static int read_count(server *self, const int *count) {
  int value;
  pthread_mutex_lock(&self->mutex);
  value = *count;
  pthread_mutex_unlock(&self->mutex);
  return value;
}

int server_port(const server *self) {
  return self->port;
}
int server_connections(server *self) {
  return read_count(self, &self->connections);
}
int server_requests(server *self) {
  return read_count(self, &self->requests);
}
int server_open(server *self) {
  return read_count(self, &self->running);
}

const char *server_url(const server *self, const char *path, char *out) {
  sprintf(out, "http://127.0.0.1:%d%s", self->port, path);
  return out;
}

bool server_send(int connection, const char *data, size_t len) {
  while (len > 0) {
    const ssize_t sent = send(connection, data, len, MSG_NOSIGNAL);
    if (sent <= 0) return false;
    data += sent;
    len -= (size_t)sent;
  }
  return true;
}

bool server_answer(int connection, int status, const char *type, const char *fields,
                   const char *body) {
  char head[512];
  const int len = snprintf(head, sizeof head,
                           "HTTP/1.1 %d Said\r\nContent-Type: %s\r\nContent-Length: %lu\r\n%s\r\n",
                           status, type, (unsigned long)strlen(body), fields);
  return server_send(connection, head, (size_t)len) && server_send(connection, body, strlen(body));
}

bool server_begin(int connection, int status, const char *type) {
  char head[256];
  const int len = snprintf(
      head, sizeof head,
      "HTTP/1.1 %d Said\r\nContent-Type: %s\r\nTransfer-Encoding: chunked\r\n\r\n", status, type);
  return server_send(connection, head, (size_t)len);
}

bool server_chunk(int connection, const char *data) {
  char size[24];
  const int len = snprintf(size, sizeof size, "%lx\r\n", (unsigned long)strlen(data));
  return server_send(connection, size, (size_t)len) &&
         server_send(connection, data, strlen(data)) && server_send(connection, "\r\n", 2);
}

void server_wait(int connection, int ms) {
  struct pollfd what;
  what.fd = connection;
  what.events = POLLIN;
  what.revents = 0;
  poll(&what, 1, ms);
}

bool server_has(const server_request *request, const char *line) {
  const size_t len = strlen(line);
  const char *at;
  for (at = request->fields; *at != '\0'; ++at) {
    if (strncasecmp(at, line, len) == 0) return true;
  }
  return false;
}
