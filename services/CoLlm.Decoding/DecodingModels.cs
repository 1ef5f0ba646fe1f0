using CoLlm.Decoding.Base;
using CoLlm.Decoding.Experts;
using CoLlm.Decoding.SwapHeads;

namespace CoLlm.Decoding;

/// <summary>Who takes part in one request.</summary>
/// <param name="Base">Null where the mode does not run it.</param>
/// <param name="SwapHead">Null where the model has none; otherwise it reports on exactly the experts here, in their order.</param>
/// <param name="Experts">Each with its own pool behind it; opened when first needed.</param>
public sealed record DecodingModels(IBaseSession? Base, SwapHead? SwapHead, IReadOnlyList<IExpertSession> Experts);
