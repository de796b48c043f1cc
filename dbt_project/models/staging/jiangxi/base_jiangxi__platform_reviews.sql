{{ disposed(ref('typed_jiangxi__platform_reviews')) }}
