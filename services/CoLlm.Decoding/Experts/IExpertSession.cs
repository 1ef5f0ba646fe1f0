namespace CoLlm.Decoding.Experts;

/// <summary>
/// One expert's side of one request. It follows the request's history by itself: whatever was lost, evicted or never sent, it
/// brings the expert up to the history before it asks. Used by one caller at a time; nothing it does blocks but the ask.
/// </summary>
public interface IExpertSession
{
    /// <summary>Name by which requests and reports call the expert.</summary>
    string Name { get; }

    /// <summary>What the expert has cost this request so far.</summary>
    ExpertCost Cost { get; }

    /// <summary>Tells that the expert will likely be asked, so that it may take in the prompt while the base does.</summary>
    void Prepare(TokenHistory history);

    /// <summary>Tells that the history has grown. Sending may wait: every ask carries what is missing.</summary>
    void Follow(TokenHistory history);

    /// <summary>Asks for the token at the end of the history.</summary>
    /// <returns>
    /// An answer, or why there is none once the question's patience is over. Buffers stay valid until the next call.
    /// </returns>
    ValueTask<ExpertAnswer> AskAsync(TokenHistory history, ExpertQuestion question, CancellationToken cancellationToken);
}

/// <summary>Counts of one expert's work for one request.</summary>
/// <param name="PassCount">Forward passes that computed tokens of the request.</param>
/// <param name="ComputedTokenCount">Token positions they computed.</param>
/// <param name="BytesUp">Messages sent to the expert, without transport framing; zero where there is no wire.</param>
/// <param name="BytesDown">Messages received.</param>
/// <param name="FailoverCount">Sessions opened after the first one was lost.</param>
public readonly record struct ExpertCost(int PassCount, int ComputedTokenCount, long BytesUp, long BytesDown, int FailoverCount);
