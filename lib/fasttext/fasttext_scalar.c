/* SPDX-License-Identifier: Apache-2.0 */
#define FT_KERNELS ft_kernels_scalar
#include "fasttext_kernel_body.h"
