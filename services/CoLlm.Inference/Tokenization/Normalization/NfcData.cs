namespace CoLlm.Inference.Tokenization.Normalization;

/// <summary>
/// Unicode's combining classes and canonical decompositions (Hangul apart, which is computed), packed: base64 of raw deflate of
/// variable-length, zigzag-coded integers. First the number of characters with a combining class, then for each the difference
/// to the character before and the class; then the number of decompositions, and for each the differences of the character and
/// of its first part to those before, and twice its second part (0: none) plus 1 where composing is allowed.
/// </summary>
internal static class NfcData
{
    public const string Packed =
        "xVcNeFTVmX7Pe28mk0lyZ+YS0jsjIkZKLRVqgyJVkREtaq2u2D91t9bydF3rKkt9LFrFbgwhDQESREwhwgBZCBggYAw4RogQMGKcxhgwSgw/jphGVBgRI400" +
        "Luf+hGRI1Eef7d7n3vP7fd/5/s93l2s5aVGF3+RtUhjp9TYp3Nh3JaJwofl+8Uq/7+mn9+pArBw02zPBzKnad3oapqnXuFnhHvPtPfhqilij9p0vVBM47T3d" +
        "MoAcZ2ogAXeLwl3mIIOZNBjkEA7lMGZxOEdwBM/nSF6gjlYvZLZqoqnDF4iBeL6cVzA0ZSzH8VJrzIm8ug8j0QEkiChZk6L90nWdAW+tqL1wr732imh/svWW" +
        "ufcg4fwz26hS17+E5nZGRMnutagObEJ1AJhbHM4eivbvhb/4YjN+5WBS+1XKmWQtm0UH0GBfmg9pWbq7F1CT0LL0KVFlhpal7xdOk0Or960R3CyictgmdOpZ" +
        "epfQ20SjYKOgPqRF0HlbxQeCH8jF44LOWypMFsZFpCjqRmVaLplHtYBpeXJgva482grWrf5PESUmNFWnXi4iyvJUh/XDmk79Cn0L9cyoskjZpSyX/m/KElHM" +
        "br7QRw6gS1dEmfKVo0uNfIkWE1aiQhum3xgd0LpTderTNUOnXiC0qtP25YDh3WtFZe/HE1G0qOI2AYuU/pjph8k9Ctc5eTb6z32bzAy1yzy92kmqTrSW2baV" +
        "T28knl7xRBW3PYn07PVVUPf3HcQl1OvE/7FELe5qU54mM/tuk+8e4aOv4g3F5PYLUCeabZnFYYWq/0TfSH3c1+Lifkf+n+jbhBbUDyo9aSpi59g0J3fdrR9R" +
        "9NgWXpSXFv1qt4zjOEu8EaVeiSjrElDKg+YFerNpjoji0aMWnZPuXkAFFhvV/Vy/fQ/9ba/FXEX/mT5Uv1+nNrfHklN06n/SSoWeobUInVo7NeplQqOWpWf3" +
        "J5K773SJoru1C6PKLol8QtGpdQv9iJx0CH2JqlPLl9nGo9VQXyP0EfpKoUdder5qJqGVQq/adDoAH+zvwON6GtNaq8iin240Kx7zce80x71efYDKxtWfSa7o" +
        "tVLRMzox9gvvqq/+ugamk0Btbr/U40lRZUaved23+pOsrZ941OqG5Si5Itcg8g2i0CCKDKLMICoMVQ0HqPbeKzPo7jtXPUUGeSa+Ky0RL99w+f4556iy/68F" +
        "BkMLDE4oNRgqNTihLMBQWYCX5RsM5RucUGgwVGhwQthgKGxwQpXBUJXB8VbvGp+I78DZdBz4yxw6iXDhAEPhAMdb+67xRQZDRQYnDMDXhLDhpk1rvIWrjnd4" +
        "tWnZZ3ou63/dfQbPlQZDlYbrh/3Dc/wZukjY7zsfWIYKg6GKnvNO69qm26OjMoPs4aWP3q/++RGDoSPGkDFWf+l/2Dx83+7HJPSNwmHCIWhvTMg1GMo1VMcB" +
        "8pIWGOQCg9uTrBXXVtqglzi9zW+nAyoP36xUGXzVXWW4f2Sd4PqBRZmVwj7S0d9Zdv8haw2Gag1OqDcYqjd4yZfMxyTMf/gl86tKAwyVBjje6l2/tATQbrCV" +
        "eYltsJijnCvt/hXaEN0uW8S1ydZWqVrkAQl1ODg4z7hjqUDGZynQWqWQzan5Bp9JBbfIgWp9apr1yVDjxHzjot+UGTTkZ6/ZcByeb1x0nr0n8W0cj55vhuot" +
        "+WbeKTNUJd9wB8oMz/n5BpVcg5mlRubgUiMUKjVGJ/WCmVRmeC45DXPhlFqDrDUWiq3C8sQh1/dElcFQmeG62Jq76ildr8zgLMXa4Xgboidm7PUx9voeB+NT" +
        "2js/TYB0vP0SG8Pum9VIcmM20ZzNic3ZvLIlm5Oas6tZwuZs9TvN2VlZzdnrUtalHLvO5zt2nct17LprL4tfR9qfx/7kWI9fR3f8ujfFRnbdQOy/cdj18RvI" +
        "+A1qMH7DGpHP+GRXWnzypKvik8n4ZHrik11D45P3KBG19TYXum4l9t827Pr4rWT81qkHxf7b77mr61dk168o9t9+QuSwdUpcHBMtd2pay51E650qCu+ku+XO" +
        "bnFCdP2O7Podxf67l7CcFVNV1E6lq2Iqk7qnNiQ1J7U9kpHR9ojHc/oLXrznkYwpux5W0fQwc0XODJU5M/SZImfG8In9Q7eKCtY8KrZ9b9v3WvYKVT2zcbtb" +
        "9oqbb3amLtmQcupq2Su6PI/eUxJgqCTA8U5CKQowVBTghPoAQ/UBNjjR+iIHgOhJe5sDDG0OsE3eM/KTmDJfPanYOxPqAgzVBZifXGqQpQZfTLZpOm50BheO" +
        "szhn1AQYqglwvE0p6nD3Uk9iTOBuvD1f+IAdua8/4PBtczU+MaXaGANpxMFrdM52mKwUCYL/XUkgfVkCySaHqccedNhNgGhUwgal5j12n3u/PVj64JfwN35B" +
        "gKEFp7XurLcrNntOiD6lOheTI7mdqSckCDighpyk4FjTubASODuvPmBmM1eFQbXCUOeqYcPzmepAlRsMlRus69Grw4a9McFm8+T0QoPyst863ZakR/HlBllu" +
        "UMhqp8hgzXTb0Z79Y8IhDq2GLztsyQP2YQf+2LNjkRqTQPJLSW10SO29/0v4FkUBsijAvyQlnHFc/YqY65McJvoXXIunNRpEs8HwvQleKwqDZGGQB+61IY4M" +
        "BLHagdicAOH61NnJn5qws8PZaR6I6uNTbYiyqV+bsw0OjdqBaHzs0Mg9g0MHtzlx58/OTskAVNU3pjYbasfUXEOFLKQLg1zm4FQOxMlRB6J7YAh5i+fZVX2e" +
        "YVX7vfq0hN6Gcx25pyRIfoMv6xviT/mG+J9NLTWIBVI3JUH+QzYpJUHVUxhk4bSSIF+eZu/DlhwlQfUmuFakFQa56OGSIP8ucfwlQVUvDDIscd6elqA9lATZ" +
        "NK3nRyjIOQ7VLFuP5xYGmVUY5G/6nqY2/L4X1kcOlmOFQbZd3YVBSn6uT+A1udngR6n2pFjAFZlREuS7kmFPSVBNKQyyVTK8/vc2TEYvht9LhWvJI7L0bFCf" +
        "+T3cz6eDg9YY+0V4logFqMYCI9RY4IoHYwG6YwEqscDdU2IBjycWcLligQsvjAVUNRYYOzoWcGmxgEuNBVRXLDD6iQIRC6i7ZJv5nViAKwpsaoyaI8YCrqDd" +
        "u6xes3tJp/f6pLGxANOssaQw5Vf2+HwbL2TP7e/B8oulOIeGvpFxMHBwcNvg9jxFVb9W43L1mWpae55CHM5TVNdXG43+XXueklEp2vOUIUP+v/lwLZB8kH0a" +
        "d+YpqnnLXSUfElz9hADXLRPgTDf44QPg1lwBtmeCRyoJAnxi8ak+JybAxz8SYK4XbMsC2yeDkeHg8SDYmQSeVMHKoeDiUgFWpYEnNbAwDay9Emy9CCzKAvet" +
        "J9g+CAzfDlYOAVfeBMZ+DT45k+DmH4M7fwlWauAmSSY8AywKgE+tEmDpuWB5AFyZCa58ACyeRTDmBhtVMHoNGDbAriFg5SCwejhYaIDrBFg+FMz/NtjlA0s8" +
        "4FtS5nYFrPOBzQbYeTnYOQp87Ubww5cE2GCAkT+AW3zgs+PApgAY/xfw8Png1hMCXKiBsbFgkRc8rILbxoHzVXDNHeBH8wge2yzAfTUCPAdcvkKAOzWw3QAL" +
        "fgy+9z3w7TLJxRDwxEwBzv5YgG1jwRYfePgGsDkZfHq2AHf9RYCfrhTgngngs5PA7ofA1WeDe24Ht0rNbNbB+ofA+ReDdQHwwMPgB8UCfHWutNoIsPG/wdmP" +
        "gIXXgB9KzXZ6wG0CjN8GRieD8zPB+nPBrrPAZz6T2k4CYxngscFg1VngsfPBN4eD+feBXTrY6gOngu9uJNgijaiDLfLMt3YIMJIGHhRgtQdcMBKMusGcdDB3" +
        "MLjHB3amgEcuBY+eDx6+AGxMA9/NI7iIYLUbLJkGHv812JQMbt8gwDdVcK5U4TBw+UTwsfPAFQsEWDEMbBsElieDO1PAdTeCR6RnXAC+SbDtGjBvECg1uFwB" +
        "F5cRrF8jwLl3gAUZ4Po3BLjpOnBNCrjmAlBapvrbYLMfXHQO2OEHj18K5owGyy4HZx8SYLRWgC8XETz0UzAuwCWDwc1JYOtgcHkSuDINbNDBJfeCbz9JMPcq" +
        "cOFrAlwsQ6ptDFh2FZgzS4BbJbVjLrD8LPDgKLB7jgCfe4xgNBlcdy7YNgLsVMHqJMuV64aAkWSwcgS47tvgcLDlPHBdBviiZKvzXvC5u8H26eD8VHDnj8Dm" +
        "iWBHJjg/BSxuE2CHAdbcBD43BKwQ4KEk8H++A/7VDXbfDW44JsAPJM+fSrv+O1ibbRk//y5whWS9ahK4O3AqvqXa9p0F5o4DZ44Bj0qCq8aCOTpc1R6o1ePg" +
        "WnszuEiibdPAQyng1aAG/gwsegDccPcpyVOhVgSgRgfBlTMYLFTgPnQOGARvARfp4NoxYNW3wMeWyEiT0S/AE0ngWLBVgItSwGYZcgLcmAw2yW0NzACjPnCN" +
        "Av4E3CXAmnSwnOB+gh3J4KFBYD2tWJZUuggeSQb3+8FWgpmgAH1gmsn1HfLa4SFpWgF2q2CHGxwJTgNjqkVaevAiK5NuSQaP6eBcGTNJJlS1C7wbbPOA0v1b" +
        "gmBEBR8E5xyQHjHbC66dqcH1zqsyH2rgYhnXyWBhMjgdLEoC7wTrPZCFAAsEKKMingJWCVA6+zBwiYweBdyjmXwvpwXZooIfCFD6mmTqX8GVBPNkqLjAjads" +
        "fw9YoIJbVEsxbvPQep8lcZHLkuAcsFLqWLEc/5gBvjMYPC4TjbB4rKAp6E4FVMEWgllgtpWgB4GLXGBDMhhWwU6C2xSwiuDCJLBIAUvTwRpaiXe+lF6YcjWr" +
        "4H3grSafSeC54CJhBfDJJPCgGzyuWjdEjQLO9YGNMu0KsJDgtaBhWrEyFVyon7rYytLAVLBsNHj0oBfs9IMTweW7fGDRSDBfqm1ZtwaWCBSI99rVplFqdtuo" +
        "TH/eaKJgNLe9nmyPPno9uW0UcXAUER9F9v+pav9rznpi3+f77qFRTD45ihknR1E/Oarzu22fJ4eNsb6w8cHI7pGHZ/lV9fAs/9CMw7P8+VzE8Gw/ZRNxV7i7" +
        "FvuJ/aX+qdPLw35VPbLUr2uFYb/LUx723/XbwrBfRWypnygP+9uVI8rhVX6ibpVfRecq/wmlW6ld7ydr1/u70k+k173sb17G5mXsKsgkymdnEt0FmcyUzeDc" +
        "2Zl0yRFlI3JnZ+b8YO4Pwu9nMlk2aeH3MzuKlbZiZeGcs0nZaJE5ZxNbZLNNNjtls2vO2ZWiWvQAMeI0QkJyy5yzcxan/GNeGpgC6mDdK+ngzJfSwSXCzB1F" +
        "wsrSV1gr3wffngZG6jVw7+50MyyGgSPAhsZ08MXtGth2n5koTsqFv8kmCG5IBbelmkfsydHB3Z/7wSHgS/dbJUOmmaU84I4/gIemm94+FrzA3LG8/rdmBtFN" +
        "988wAWC+ra3p4KftaeAr95lZpGB/Onh0X7qZbkaC8q59xXL8EHg/KG+xi8B8a22iSWWkeRP4wKHgmiRwmQqWqeAcBZwE7vWDjWeBL6imbNmgrLwaaSY2Gazx" +
        "eDr4ztF0U4hTNM43ieXIDPFJupUbPvs4HbzdjJ2l8t4jeHSeMNWwaL6VMwAu7EoHZ59IN1kaakI3nEwHnz5paVuG9Ntp4HaZr2oft/BXWpdM5SwN3J6rnUo6" +
        "sjn6qGaGdxbYIEw1vlsiD5al0S9M+reA82Tk1630gvNk0yGnLvM9JcL8x3Vw9QIdbJ+vmewdyEsHt8rMB3CTzKqxv3nBnVsEeHS2ZaBiWSodkc2dpqmuBucT" +
        "nCelvgyMyz5nsUzKizQw18qPKqiA/2Yeey14lmn5282p2zRXpqVFabxJoCwnT8jEvnSZBj4qSx1hukydrMKWOxvPCfAS8BNZ73VK1JGmK18PPiFn9WtP3WaX" +
        "glsqNPCvazSwQgX3ETwgM2x8vQAfkzn6GrDtNlMrLT8HZbFbdhe4WpafJ2W16Dad7SFwMHjwaQ38+G0vGJN3yXuSIcXURdMGDdwqm30CPKyAH26SdbOseiXf" +
        "MthOyhpEghTLZtbz8maSyp27WQNXbdLAOXK6Sza3mRITXPm8Bs6cDu5/AHyjRgahjMS/v6CZ7iG9X97VN5lp/z/NwVAzLqtqNXC3BOtUwD+Bn5i3f70Ak8GF" +
        "strYsEMDD8tr4QXr7i6WvbwLLja9a7b0rY4Gy9qpphvHX0sDX3g1Ddwi6/d5kkJ4lxRH5o2gyXW8Ucoom5HgtmYNrFXAZ+QgC9y6W17jstm72/K1cItlvZGm" +
        "S8iLbJ9cWSDNvrJNevtbGrhmnwbukNP9G9PBpZXpYFm7Bo62yoni7T4zpN58S1Yef9PM+L3R9K+nOjRTlzCDY4Us81ZKM82WzXJpnUYfuPSoBs6wIvs1WWvk" +
        "v+4Dl32sgQWfaCbq+8c1MCJrP/n3Vyar3gwzLbTKf7sWK3F9JC/DN94RYHO7D3z5c830rh1Sr1Xv+cC3JMA7HafqpvnSg1JMP51b6AVfLPCCO+Ti3PeFWVjI" +
        "TLZCViQdn/lM/35L9jndPnDrPC9YUOwFX5N/XdJMmWDF416r4JklB/Of8IJHF3rB/TL9P17rBWs+tguCo3LQLmuSx2REH3rGZ7rUDlkd6uCm+nST8eqx4Lvr" +
        "ZN0tIzPVzKa7X5D+LBvVVMHNpyryFV5wvWymgTJwFspfLfn3QrOalX8/f1bBIxbSMLB6hf2zuJbg7rAfnPu5tTkJ7Kjxgq88J2VY7QWXrvabobj8qVP1R50K" +
        "/nW9H2yQqdow5VYtw11p1W3yn5mg/M3Mt5LHvnxZLBXQvCmKZd84m6Z8BREvuGyz18zBr8kqqHAOwX80yT/zYh2ME3y1wW8qpaqYoNSWrL1KFLB8u1dGo9e8" +
        "0aqF5R7xei/4epsCftSRCp4N3gW2vZ8KPi7nstCubvWafD39ujSJMNmqedMLrpJNjQrW0nTaZwXYlQSOAxsOeMF9e73g+xsI7pTXX45cW1GkgzXPSImlT8be" +
        "lbV+hxesUMA3wrp5Y+3ZdMoQe+JecMMqHdy1WgefOOY1ffZysLTTK9OePGEzwQ+eJXjS0t2D4IGIPHCrDj6f4wPbVOtXYN82ml55fLtU6DwfuPZVHSxt0sEF" +
        "KiiVvrZYRsGL8idTFsweU88ZZvtjsPBJH/4X";
}
