"""What PyTorch 2.13 does inside an operation, as rows of a profile: data, read only while a profile is made.

The engine does in one call what PyTorch dispatches as several (``aten::ones`` is ``aten::empty`` and ``aten::fill_``
there). The table below names those rows, so that a profile reads as the one PyTorch makes; `profiler_tree` says what
times they get. It was read off PyTorch's own profiler, and tests compare programs with it row by row.

A line is ``name shapes row row ...``:

- ``name`` is a row without its ``aten::``; what follows ``#`` tells forms of one operation apart and is not shown.
- ``shapes`` are the input shapes PyTorch lists, from the shapes the engine has: ``a`` the first, ``b`` the second, ...,
  ``.`` an argument that is no tensor. ``_`` leaves them as they are.
- each further word is a row inside, ``name:shapes``, where letters mean the shapes of the row around. Beside them
  ``o`` is the shape of the result, ``k`` the same with reduced dimensions kept, ``m`` with its first two merged, ``l``
  the dimensions of ``a`` but the last as one; ``'`` transposes and ``[1,2]`` is meant literally. In backward nodes
  ``p``, ``q``, ``r`` are the inputs of the forward operation, ``n`` the first dimension of the first.
- a sign in front of such a word: ``*`` marks the row that does the work, ``!`` one without which there are none, ``=``
  a name without ``aten::``. Behind it: ``?1`` is there only if the gradient of input 1 is wanted, ``+`` comes once for
  each result. A single ``-``: nothing is inside.
- ``~`` as shapes: the rows inside stand in place of the row itself.

Where PyTorch's own choice hangs on memory layouts or thread counts, the table has what it does for small contiguous
tensors on one thread.
"""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

TABLE = """
# --- Making tensors
ones             .....    empty:...... *fill_:o.
zeros            .....    empty:...... *zero_:o
zeros#large      .....    empty:...... *zero_#large:o
zero_            a
zero_#large      a        *fill_:a.
zeros_like#large a.....   empty_like:a..... *zero_#large:a
full             ......   empty:...... *fill_:o.
empty            ......
arange           .....    empty:...... *arange#out:...[0]
arange#range     .......  empty:...... *arange#out:...[0]
arange#out       ....     resize_:d..
linspace         .......  empty:...... *linspace#out:...o
logspace         ........ empty:...... *logspace#out:....o
eye              .....    empty:...... *eye#out:..[0]
eye#out          ...      resize_:c.. zero_:o
rand             .....    empty:...... *uniform_:o...
randn            .....    empty:...... *normal_:o...
randint          .......  empty:...... *random_:o...
randperm         .....    empty:...... *randperm#out:..o
randperm#out     ..o      scalar_tensor:..... resize_:c.. resize_:c..
normal           ........ empty:...... *normal_:o...
bernoulli        o.       empty_like#c:a..... *bernoulli_#out:aa.
bernoulli_#out   ab.      to#same:a.......
tensor           ~        *empty:...... to:o..... lift_fresh:o detach_:o
zeros_like       a.....   empty_like:a..... *zero_:a
ones_like        a.....   empty_like:a..... *fill_:a.
full_like        a......  empty_like:a..... *fill_:a.
empty_like       a.....   *empty_strided:......
empty_like#c     a.....   *empty:......
rand_like        a.....   empty_like:a..... *uniform_:a...
randn_like       a.....   empty_like:a..... *normal_:a...
new_zeros        a.....   new_empty:a..... *zero_:o
new_empty        a.....   *empty:......
new_empty_strided a...... *empty_strided:......
uniform_         a...     -
normal_          a...     -
random_          a...     -
bernoulli_       a..      -
exponential_     a..      -
detach           a        =detach:a
detach_          a        =detach_:a
clone            a.       empty_strided:...... *copy_:aa.
clone#c          a.       empty_like#c:a..... *copy_:aa.
contiguous       a.       *clone#c:a.
copy_            ab.
fill_            a.
to#copy          a....    *_to_copy:a......
to#copy8         a....... *_to_copy:a......
_to_copy         a......  empty_strided:...... *copy_:aa.
item             a        *_local_scalar_dense:a
is_nonzero       a        *item:a
numpy            ~        resolve_conj:a resolve_neg:a

# --- Views
t                a        *transpose:a..
transpose        a..      *as_strided:a...
permute          a.       *as_strided:a...
select           a..      *as_strided:a...
slice            a....    *as_strided:a...
narrow           a...     *slice:a....
expand           a..      *as_strided:a...
expand_as        ab       *expand:a..
unsqueeze        a.       *as_strided:a...
unsqueeze_       a.       *as_strided_:a...
squeeze          a        *as_strided:a...
squeeze#dim      a.       *as_strided:a...
squeeze_         a.       *as_strided_:a...
view             a.
reshape          a.
_unsafe_view     a.
_reshape_alias   a..
flatten          a..      *view:a.
split            a..      narrow:a...+
chunk            a..      *split:a..
unbind           a.       select:a..+
diagonal         a...     *as_strided:a...
unfold           a...     *as_strided:a...
repeat           a.       expand:a.. empty:...... *copy_:oo.
stack            ..       *cat:.. view:m.
cat              ..

# --- Arithmetic
add              ab.
sub              ab.
add_             ab.
sub_             ab.
add#n            ab.      to#copy:b....
sub#n            ab.      to#copy:b....
mul#n            ab       to#copy:b....
div#n            ab       to#copy:b....
add_#n           ab.      to#copy:b....
sub_#n           ab.      to#copy:b....
mul_#n           ab       to#copy:b....
div_#n           ab       to#copy:b....
rsub             ab.      *sub#r:ba.
sub#r            ab.      to#copy:a....
eq#n             ab       to#copy:b....
ne#n             ab       to#copy:b....
lt#n             ab       to#copy:b....
le#n             ab       to#copy:b....
gt#n             ab       to#copy:b....
ge#n             ab       to#copy:b....
reciprocal_mul   ~        *reciprocal:b mul:b.
pow              ab       result_type:ab to:a....
pow#1            ab       result_type:ab to:a.... *copy_:oo.
pow#tensor       ab       -
pow#base         ba       result_type:ab *pow#out:abo
pow#out          abo      to#copy:a....
square           a        *pow#only:a.
pow#only         a.       result_type:a. to:a....
abs              a        empty:...... *abs#out:a[0]
abs#out          ab       -
relu             a        *clamp_min:a.
relu_            a        *clamp_min_:a.
clamp            a..      to:a....
clamp_           a..      to:a....
clamp_min        a.
where            abc      empty:......
where#number     abc      scalar_tensor:..... to:b.... *where:abc
masked_fill      ab.      expand:a.. expand:b.. clone#c:a. *masked_fill_:ab.
masked_fill#same ab.      clone:a. *masked_fill_:ab.
logical_and      ab       empty:...... *logical_and#out:ab[0]
logical_and#out  abc      -
isnan            a        *ne:aa
isclose          ab...    *eq:ab
allclose         ab...    *isclose:ab... all:a item:.
equal            ab       is_same_size:ab
bitwise_and      ab
dropout          a..      empty_like:a..... bernoulli_:a.. div_#n:a. !mul:aa
softplus         a..
leaky_relu       a.
elu              a...
gelu             a.

# --- Reductions
sum              a.       as_strided:o... fill_:k.
sum#cast         a.       as_strided:o... to#copy:a.... fill_:k.
sum#dim          a...     as_strided:o... fill_:k.
sum#keep         a...     fill_:k.
sum#out          a...o    as_strided:o... fill_:k.
sum#outkeep      a...o    fill_:k.
sum#mean         a....    as_strided:o... fill_:k.
mean             a.       *sum#mean:a.... div_#n:o.
mean#all         a.       *sum#mean:a.... div_#n:..
mean#dim         a...     *sum#out:a...o div_#n:o.
mean#keep        a...     *sum#outkeep:a...o div_#n:o.
mean#loss        a....    *sum#mean:a.... div_#n:..
std              a...     empty:...... as_strided:o... *mean:a. item:. fill_:..
var              a...     empty:...... as_strided:o... *mean:a. item:. fill_:..
std#dim          a...     empty:...... as_strided:o...
var#dim          a...     empty:...... as_strided:o...
max              a        empty:...... fill_:..
min              a        empty:...... fill_:..
max#dim          a..      unsqueeze_:o. unsqueeze_:o. squeeze_:k. squeeze_:k.
min#dim          a..      unsqueeze_:o. unsqueeze_:o. squeeze_:k. squeeze_:k.
amax             a..      as_strided:o... fill_:k.
amin             a..      as_strided:o... fill_:k.
argmax           a..      as_strided:o...
argmin           a..      as_strided:o...
argmax#all       a..      reshape#view:a. as_strided:....
argmin#all       a..      reshape#view:a. as_strided:....
prod             a.       empty:...... as_strided:o... fill_:k.
any              a        as_strided:o... fill_:k.
all              a        as_strided:o... fill_:k.
linalg_vector_norm a....  as_strided:o...
linalg_vector_norm#keep a....
logsumexp        a..      empty:...... *logsumexp#out:a..[0]
logsumexp#out    a..[0]   real:a amax#keep:a.. squeeze#dim:k. abs:o eq#n:o. masked_fill_:oo. sub:ak. \
        *exp_:a sum#out:a...[0] log_:o add_:oo.
amax#keep        a..      fill_:k.
cumsum           a..      to:a....
cumprod          a..      to:a....
sort             a..      copy_:aa. arange#6:...... as_strided:[1]... copy_:aa.
arange#6         ......   empty:...... *arange#out:...[0]
topk             a....
softmax          a..      *_softmax:a..
_softmax         a..
log_softmax      a..      *_log_softmax:a..
log_softmax#loss a..      to:a....... *_log_softmax:a..
_log_softmax     a..

# --- Indexing
index            a.       as_strided:a... reshape#view:[1].
index#mask       a.       *nonzero:a select:[1].. select:[1].. as_strided:a... reshape#view:[1]. \
        reshape#view:[1].
nonzero          a        empty:...... as_strided_:[1]...
index_put_       a...     *_index_put_impl_:a....
_index_put_impl_ a....    as_strided:a... reshape#view:[1].
gather           a.c.     to:c....
index_select     a.c      empty:...... select:a.. select:o..
scatter_add_     a.cd     to:c....
tril             a.
triu             a.

# --- Products
matmul           ab
mm               ab
mm#ba            ab       resolve_conj:o resolve_conj:b resolve_conj:a
mm#b             ab       resolve_conj:o resolve_conj:b
mm#a             ab       resolve_conj:o resolve_conj:a
addmm            abc..    expand:a.. copy_:oo. resolve_conj:o
addmm#ba         abc..    expand:a.. copy_:oo. resolve_conj:o resolve_conj:c resolve_conj:b
addmm#b          abc..    expand:a.. copy_:oo. resolve_conj:o resolve_conj:c
addmm#a          abc..    expand:a.. copy_:oo. resolve_conj:o resolve_conj:b
bmm              ab       resolve_conj:b resolve_conj:a
mv               ab       empty:...... *addmv_:oab..
dot              ab       empty:...... fill_:..
outer            ab       reshape#view:a. *mul
linear           abc      t:b addmm:cab'..
linear#plain     ab.      t:b *matmul:ab'
linear#mm        ab.      t:b *matmul#mm:ab'
matmul#mm        ab       *mm:ab
linear#fold      abc      view:a. t:b addmm view

# --- Layers
conv1d           abc....  *convolution:abc......
conv2d           abc....  *convolution:abc......
conv3d           abc....  *convolution:abc......
convolution      abc...... *_convolution:abc..........
_convolution     abc.......... *mkldnn_convolution:abc....
mkldnn_convolution abc.... empty:...... empty:...... as_strided_:o... resize_:o..
max_pool2d       a.....   *max_pool2d_with_indices:a.....
max_pool2d_with_indices a..... -
adaptive_avg_pool2d a.    *mean#keep:a...
batch_norm       abcde.... *_batch_norm_impl_index:abcde....
_batch_norm_impl_index abcde.... empty:...... *native_batch_norm:abcde...
native_batch_norm abcde... empty_like#c:a..... empty:...... empty:...... empty:...... empty:...... \
        empty:...... empty:......
native_batch_norm#eval abcde... empty_like#c:a..... empty:...... empty:......
layer_norm       a.bc..   *native_layer_norm:a.cd.
native_layer_norm a.bc.   empty:...... empty:...... empty:...... view:l. view:l.
group_norm       a.bc..   *native_group_norm:acd.....
native_group_norm abc..... empty:...... empty:...... empty:......
embedding        ab...    reshape#view:b. *index_select:a.[1] view:o.
embedding#flat   ab...    *index_select:a.b

# --- Losses
cross_entropy_loss ab.... log_softmax#loss:a.. nll_loss_nd:ab...
nll_loss_nd      ab...    *nll_loss:ab...
nll_loss         ab...    *nll_loss_forward:ab...
nll_loss_forward ab...    -
broadcast_tensors .
mse_loss         ab.      resize_:a.. empty:...... *mean#loss:a....
mse_loss#sum     ab.      resize_:a.. empty:...... *sum#mean:a....
mse_loss#none    ab.
smooth_l1_loss   ab..     resize_:a.. empty:...... *mean#loss:a....
l1_loss          ab.      sub:ab. abs:a mean:a.
resize_as_       a..      resize_:a..
binary_cross_entropy ab.. empty_like:a..... squeeze:a squeeze:a squeeze:a *mean:a. resize_as_:a.. copy_:...
binary_cross_entropy_with_logits ab... *log_sigmoid:a empty_like:a..... fill_:a. sub_:aa. mul_:aa sub_:aa. \
        mean:a.
log_sigmoid      a        *log_sigmoid_forward:a
log_sigmoid_forward a     empty_like#c:a..... empty_like#c:a.....

# --- Backward nodes: shapes are those of the gradients that arrive
AddBackward0     _        -
AddBackward0#scaled _     mul#n:a.
SubBackward0     _        neg:a?1
SubBackward0#n   _        -
RsubBackward1    _        *neg:a
NegBackward0     _        *neg:a
MulBackward0     _        mul:ap?1 mul:aq?0
MulBackward0#n   _        *mul#n:a.
MulBackward1     _        *mul#n:a.
DivBackward0     _        div:aq?1 div:aq?1 neg:a?1 mul:aa?1 div:aq?0
DivBackward0#n   _        *div#n:a.
PowBackward0     _        pow:a. mul#n:a. mul:aa
PowBackward1     _        ge#n:q.?1 eq#n:a.?1 logical_and:aq?1 result_type:aq?1 to:a....?1 log:a?1 mul:aa?1 \
        scalar_tensor:.....?1 where#plain3:a.a?1 mul:aa?1 sub#n:q..?0 pow#tensor:aq?0 mul:qa?0 mul:aa?0 \
        scalar_tensor:.....?0 eq#n:q.?0 where#plain3:q.a?0
where#plain3     abc      empty:......
PowBackward2     _        mul#n:a. mul:aa
SinBackward0     _        cos:a mul:aa
CosBackward0     _        sin:a neg:a mul:aa
TanBackward0     _        pow#only:a. add#n:a.. mul:aa
ExpBackward0     _        *mul:aa
LogBackward0     _        *div:aa
Log1PBackward0   _        add#n:a.. div:aa
Expm1Backward0   _        add#n:a.. mul:aa
SqrtBackward0    _        mul#n:a. div:aa
RsqrtBackward0   _        pow#only:a. mul#n:a. mul:aa
AbsBackward0     _        sgn:a mul:aa
AtanBackward0    _        mul:aa add#n:a.. div:aa
ReciprocalBackward0 _     mul:aa neg:a mul:aa
SigmoidBackward0 _        *sigmoid_backward:aa
TanhBackward0    _        *tanh_backward:aa
ReluBackward0    _        *threshold_backward:aa.
LeakyReluBackward0 _      *leaky_relu_backward:aa..
EluBackward0     _        *elu_backward:a....a
GeluBackward0    _        *gelu_backward:aa.
SiluBackward0    _        *silu_backward:aa
SoftplusBackward0 _       *softplus_backward:aa..
ClampBackward1   _        scalar_tensor:..... ge#n:a. le#n:a. logical_and_:aa *where#plain:aa.
ClampBackward1#one _      scalar_tensor:..... ge#n:a. *where#plain:aa.
logical_and_     ab       logical_and#out:abb
where#plain      ab.      empty:......
MaximumBackward0 _        div#n:a.?1 eq:aq?1 where#plain:aaa?1 gt:aq?1 masked_fill_:aa.?1 div#n:a.?0 \
        eq:aq?0 where#plain:aaa?0 lt:aq?0 masked_fill_:aa.?0
WhereBackward0   _        where#number2:a.a?2 where#number:aa.?1
where#number2    abc      scalar_tensor:..... to:c.... *where:abc
MaskedFillBackward0 _     *masked_fill:aq.
SumBackward0     _        *expand:a..
SumBackward1     _        unsqueeze:a. *expand:k..
SumBackward1#keep _       *expand:a..
MeanBackward0    _        expand:a.. *div#n:p.
MeanBackward1    _        unsqueeze:a. expand:k.. *div#n:p.
MeanBackward1#keep _      expand:a.. *div#n:p.
VarBackward0     _        mean#all:p. sub:pa. mul#n:a. mul:ap
StdBackward0     _        mul#n:a. div:aa eq#n:a. masked_fill_:aa. mean#all:p. sub:pa. mul#n:a. mul:ap
MaxBackward1     _        isnan:a item:a eq:pa new_zeros:a..... sum#cast:p. div#n:aa *masked_fill_#tensor:pp.
MinBackward1     _        isnan:a item:a eq:pa new_zeros:a..... sum#cast:p. div#n:aa *masked_fill_#tensor:pp.
masked_fill_#tensor ab.   item:.
MaxBackward0     _        *value_selecting_reduction_backward:a.a..
MinBackward0     _        *value_selecting_reduction_backward:a.a..
value_selecting_reduction_backward a.a.. unsqueeze:a. unsqueeze:a. zeros:..... *scatter_:p.kk
scatter_         abcd     to:c....
LinalgVectorNormBackward0 _ div:pa eq#n:a. masked_fill_:pa. *mul:ap
LogsumexpBackward0 _      unsqueeze:a. unsqueeze:a. sub:pk. *exp:p mul:kp
CumsumBackward0  _        to:a.... flip:a. *cumsum:a.. flip:a.
flip             a.       empty_like#c:a..... *copy_:aa.
SoftmaxBackward0 _        *_softmax_backward_data:aa..
LogSoftmaxBackward0 _     *_log_softmax_backward_data:aa..
TBackward0       _        *t:a
TransposeBackward0 _      *transpose:a..
PermuteBackward0 _        *permute:a.
ViewBackward0    _        *reshape#view:a.
UnsafeViewBackward0 _     *reshape#view:a.
ReshapeAliasBackward0 _   *reshape#view:a.
ReshapeAliasBackward0#alias _ *reshape#alias:a.
ViewBackward0#alias _     *reshape#alias:a.
ViewBackward0#copy _      *reshape#copy:a.
UnsafeViewBackward0#copy _ *reshape#copy:a.
ReshapeAliasBackward0#copy _ *reshape#copy:a.
reshape#copy     a.       *clone#c:a. _unsafe_view:a.
UnsafeViewBackward0#alias _ *reshape#alias:a.
reshape#view     a.       *view:a.
reshape#alias    a.       *_reshape_alias:a..
UnsqueezeBackward0 _      *squeeze#dim:a.
SqueezeBackward0 _        *unsqueeze:a.
SqueezeBackward1 _        *unsqueeze:a.
SqueezeBackward4 _        *unsqueeze:a.
ExpandBackward0  _        sum#keep:a... view:k.
ExpandBackward0#same _    -
CloneBackward0   _        -
ToCopyBackward0  _        *to#copy8:a.......
SelectBackward0  _        *select_backward:a...
select_backward  a...     zeros:..... select:p.. *copy_:aa.
SliceBackward0   _        *slice_backward:a.....
slice_backward   a.....   zeros:..... slice:p.... *copy_:aa.
AsStridedBackward0 _      new_zeros:a..... as_strided:p... *copy_:aa. as_strided:p...
IndexBackward0   _        new_zeros:a..... *_index_put_impl_:p.a..
IndexBackward0#mask _     new_zeros:a..... *_index_put_impl_#mask:p.a..
_index_put_impl_#mask a.c.. *nonzero:a select:[1].. select:[1].. as_strided:a... reshape#view:c. reshape#view:c.
GatherBackward0  _        *gather_backward:ap.a.
gather_backward  ab.c.    new_zeros:a..... *scatter_add_:b.aa
CatBackward0     _        narrow:a...+
StackBackward0   _        select:a..+
SplitBackward0   _        *cat#split:..
SplitBackward0#gaps _     zeros:..... *cat#split:..
cat#split        ..       narrow:p...+
MmBackward0      _        t:p?1 mm#b:p'a?1 t:q?0 mm#a:aq'?0
MmBackward0#t    _        t:a?1 mm#b:a'p?1 t:q'?1 t:q?0 mm#ba:aq'?0
AddmmBackward0   _        t:r?1 mm#a:ar'?1 t:q?2 mm#b:q'a?2
AddmmBackward0#t _        t:r?1 mm#ba:ar'?1 t:a?2 mm#b:a'q?2 t:r'?2
MmBackward0#x    _        t:p?1 mm#cb:p'a?1 t:q?0 mm#ca:aq'?0
MmBackward0#tx   _        t:a?1 mm#bca:a'p?1 t:q'?1 t:q?0 mm#bca:aq'?0
AddmmBackward0#x _        t:r?1 mm#ca:ar'?1 t:q?2 mm#cb:q'a?2
AddmmBackward0#tx _       t:r?1 mm#bca:ar'?1 t:a?2 mm#bca:a'q?2 t:r'?2
mm#ca            ab       resolve_conj:o clone#c:a.
mm#cb            ab       resolve_conj:o clone#c:b.
mm#bca           ab       resolve_conj:o resolve_conj:b clone#c:a.
MvBackward0      _        *ger:aq?0 t:p?1 mv:p'a?1
ger              ab       *outer#alias:ab
outer#alias      ab       reshape#alias:a. *mul
DotBackward0     _        mul:aq?0 mul:ap?1
BmmBackward0     _        transpose:p..?1 bmm:p'a?1 transpose:q..?0 bmm:aq'?0
ConvolutionBackward0 _    *convolution_backward:apq........
convolution_backward abc........ empty:...... empty:...... as_strided_:b... resize_:b.. empty:...... \
        as_strided_:r... resize_:r.. empty:...... as_strided_:c... resize_:c..
ConvolutionBackward0#first _ *convolution_backward#first:apq........
convolution_backward#first abc........ empty:...... as_strided_:r... resize_:r.. empty:...... \
        as_strided_:c... resize_:c..
MaxPool2DWithIndicesBackward0 _ *max_pool2d_with_indices_backward:ap.....a
max_pool2d_with_indices_backward ab.....a *zero_:b
AvgPool2DBackward0 _      *avg_pool2d_backward:ap......
avg_pool2d_backward ab...... *zero_:b
NativeBatchNormBackward0 _ *native_batch_norm_backward:apqqqqq...
native_batch_norm_backward abcdefg... empty_like#c:a..... empty:...... empty:...... empty_like#c:a.....
NativeLayerNormBackward0 _ *native_layer_norm_backward:ap...qr.
native_layer_norm_backward ab...fg. empty:...... empty:...... empty:...... empty:...... resize_:[0].. zero_:a
EmbeddingBackward0 _      *embedding_backward:aa....
embedding_backward ab.... *embedding_dense_backward:ab...
embedding_dense_backward ab... zeros:..... *view:a.
NllLossBackward0 _        *nll_loss_backward:apn....
nll_loss_backward abc.... *zero_:b
MseLossBackward0 _        *mse_loss_backward:apq.
mse_loss_backward abc.    zeros_like#c:b..... *mse_loss_backward#out:abc.b
mse_loss_backward#out abcde -
SmoothL1LossBackward0 _   *smooth_l1_loss_backward:apq..
smooth_l1_loss_backward abc.. zeros_like#c:b..... *smooth_l1_loss_backward#out:abc..b
smooth_l1_loss_backward#out abcdef -
zeros_like#c     a.....   empty_like#c:a..... *zero_:a
BinaryCrossEntropyBackward0 _ *binary_cross_entropy_backward:apq..
binary_cross_entropy_backward abc.. empty_like:b..... squeeze:b squeeze:a squeeze:b squeeze:b *div_#n:b.
BinaryCrossEntropyWithLogitsBackward0 _ *sigmoid:p sub_:pp. mul_:pa div_#n:p.
torch::autograd::AccumulateGrad _     *detach:a
torch::autograd::AccumulateGrad#copy _ new_empty_strided:a...... *copy_:aa.
torch::autograd::AccumulateGrad#add _ *add_:aa.
torch::autograd::AccumulateGrad#graph _ add:aa.

# --- Optimizers: the rows of one parameter
SGD.step         ~        add_:aa.
SGD.step#momentum ~       mul_#n:a. add_:aa. add_:aa.
SGD.step#first   ~        clone:a. detach:a add_:aa.
Adam.step        ~        add_#n:... lerp_:aa. mul_#n:a. addcmul_:aaa. item:. sqrt:a div#n:a. add_#n:a.. \
        addcdiv_:aaa.
AdamW.step       ~        add_#n:... mul_#n:a. lerp_:aa. mul_#n:a. addcmul_:aaa. item:. sqrt:a div#n:a. \
        add_#n:a.. addcdiv_:aaa.
"""


class Inner(NamedTuple):
    """A row inside another."""

    key: str
    shapes: tuple[str, ...] | None
    works: bool
    """Whether it does the work of the row around it."""
    needed: bool
    """Whether there is nothing inside if this call was not made."""
    wanted: int | None
    """The input whose gradient must be wanted for this row to be there."""
    repeated: bool


class Entry(NamedTuple):
    """A line of the table."""

    shapes: tuple[str, ...] | None
    inside: tuple[Inner, ...] | None
    """The rows inside; None if nothing is said of them."""
    spliced: bool


_TOKEN = re.compile(r"\.|\[[\d,]*\]|[a-z]'?")
_INNER = re.compile(r"([*!]?)([^:?+]+)(?::([^?+]*))?(?:\?(\d))?(\+?)")


@cache
def table() -> dict[str, Entry]:
    """The lines of `TABLE` by key."""
    entries: dict[str, Entry] = {}
    for line in TABLE.splitlines():
        if not line or line.startswith("#"):
            continue
        key, shapes, *words = line.split()
        inside: tuple[Inner, ...] | None = tuple(_inner(w) for w in words if w != "-")
        entries[key] = Entry(
            None if shapes in "_~" else tuple(_TOKEN.findall(shapes)),
            inside if words else None,
            shapes == "~",
        )
    return entries


def _inner(word: str) -> Inner:
    found = _INNER.fullmatch(word)
    assert found is not None, word
    works, key, shapes, wanted, repeated = found.groups()
    return Inner(
        key,
        None if shapes is None else tuple(_TOKEN.findall(shapes)),
        works == "*",
        works == "!",
        None if wanted is None else int(wanted),
        bool(repeated),
    )


@cache
def shown(key: str) -> str:
    """The name of the row with this key: ``aten::sum`` for ``sum#dim``."""
    if key.startswith("="):
        return key[1:]
    name = key.partition("#")[0]
    plain = "::" in name or name[:1].isupper() or "Backward" in name
    return name if plain else f"aten::{name}"
