#include <costmark/costmark.h>
